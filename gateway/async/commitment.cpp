#include "gateway/async/commitment.hpp"

#include <mutex>
#include <set>

namespace tailops {

/// What the commitments of one gateway have in common. Locked before any of their own locks.
struct Commitments::Book {
    std::mutex mutex;
    std::set<Commitment::State*> open;          // guarded by mutex, as is what follows
    std::shared_ptr<const Error> closed_for{};  // null: it is open
};

struct Commitment::State {
    explicit State(Once begun) : once{begun} {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State()
    {
        if (!book) return;
        const std::scoped_lock lock{book->mutex};
        book->open.erase(this);
    }

    void withdraw(Error reason)
    {
        const std::scoped_lock lock{mutex};
        if (has_begun && once == Once::held) return;
        if (!has_begun && !why) {
            why = std::make_shared<const Error>(std::move(reason).with_nothing_begun());
        }
        // Called under the lock, so that who takes `stop` away knows that it is over: it only
        // posts.
        if (const auto call = std::exchange(stop, nullptr)) call();
    }

    void end(Error reason)
    {
        const std::scoped_lock lock{mutex};
        if (!has_begun && !why) {
            why = std::make_shared<const Error>(std::move(reason).with_nothing_begun());
        }
        is_ended = true;
        if (const auto call = std::exchange(stop, nullptr)) call();
    }

    const Once once;
    std::shared_ptr<Commitments::Book> book{};
    std::mutex mutex;
    bool has_begun{false};  // guarded by mutex, as is what follows
    bool is_ended{false};
    std::shared_ptr<const Error> why{};
    std::function<void()> stop{};
    std::function<Status()> check{};
};

Commitment::Commitment(Once begun) : state_{std::make_shared<State>(begun)} {}

Status Commitment::begin() const
{
    if (!state_) return {};
    const std::scoped_lock lock{state_->mutex};
    if (state_->why) return fail(Error{*state_->why});
    if (const auto check = state_->has_begun ? nullptr : std::exchange(state_->check, nullptr)) {
        if (auto checked = check(); !checked) {
            auto refused = std::move(checked).error().with_nothing_begun();
            state_->why = std::make_shared<const Error>(std::move(refused));
            return fail(Error{*state_->why});
        }
    }
    state_->has_begun = true;
    return {};
}

void Commitment::check_with(std::function<Status()> check) const
{
    if (!state_) return;
    const std::scoped_lock lock{state_->mutex};
    state_->check = std::move(check);
}

void Commitment::withdraw(Error why) const
{
    if (state_) state_->withdraw(std::move(why));
}

std::shared_ptr<const Error> Commitment::withdrawn() const
{
    if (!state_) return nullptr;
    const std::scoped_lock lock{state_->mutex};
    return state_->why;
}

bool Commitment::is_ended() const
{
    if (!state_) return false;
    const std::scoped_lock lock{state_->mutex};
    return state_->is_ended;
}

void Commitment::stop_with(std::function<void()> stop) const
{
    if (!state_) return;
    const std::scoped_lock lock{state_->mutex};
    state_->stop = std::move(stop);
}

Commitments::Commitments() : book_{std::make_shared<Book>()} {}

Commitments::~Commitments() = default;

Commitment Commitments::open(Commitment::Once begun)
{
    auto state = std::make_shared<Commitment::State>(begun);
    if (begun == Commitment::Once::cancellable) return Commitment{std::move(state)};
    const std::scoped_lock lock{book_->mutex};
    if (book_->closed_for) {
        state->why = book_->closed_for;
        return Commitment{std::move(state)};
    }
    state->book = book_;
    book_->open.insert(state.get());
    return Commitment{std::move(state)};
}

void Commitments::close(Error why)
{
    const std::scoped_lock lock{book_->mutex};
    book_->closed_for = std::make_shared<const Error>(Error{why}.with_nothing_begun());
    // One whose last handle goes away meanwhile waits in its destructor for our lock.
    for (auto* state : book_->open) state->withdraw(why);
}

bool Commitments::are_closed() const
{
    const std::scoped_lock lock{book_->mutex};
    return book_->closed_for != nullptr;
}

void Commitments::end(const Error& why)
{
    const std::scoped_lock lock{book_->mutex};
    if (!book_->closed_for) {
        book_->closed_for = std::make_shared<const Error>(Error{why}.with_nothing_begun());
    }
    for (auto* state : book_->open) state->end(why);
}

}  // namespace tailops
