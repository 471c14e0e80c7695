#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/tools/containers/container_fields.hpp"
#include "gateway/tools/containers/engine_answer.hpp"
#include "gateway/tools/containers/engine_asks.hpp"
#include "gateway/tools/containers/recreation.hpp"

#include <nlohmann/json.hpp>

#include <memory>

namespace tailops::tools {
namespace {

using containers::accepted;
using containers::asking;
using containers::Created;
using containers::post;
using containers::renaming;
using kit::Fields;
using nlohmann::json;
using std::chrono::seconds;

// How long a container without a health check has to run to count as one that works.
constexpr seconds settling{3};

struct UpdateWanted {
    std::string name_or_id{};
    bool pull_latest{true};
    std::int64_t healthy_within_seconds{60};
    bool cut_off_dependents{false};

    static void fields(Fields& f, UpdateWanted& s)
    {
        f("name_or_id", s.name_or_id, containers::name_meaning, containers::name_rules);
        f("pull_latest", s.pull_latest,
          "Ask the registry for the newest image of that name; false: take the one that the engine "
          "has by now");
        f("healthy_within_seconds", s.healthy_within_seconds,
          "How long the new container may take to become healthy before the old one is put back",
          {.min = 5, .max = 900});
        f("cut_off_dependents", s.cut_off_dependents,
          "Go on although other containers live in the network of this one: they lose it, and have "
          "to be made once more");
    }
};

struct Updated {
    bool updated{};
    std::string container{}, image{}, old_image_id{}, new_image_id{};
    std::optional<std::string> new_container_id{};
    std::optional<std::vector<std::string>> warnings{};

    static void fields(Fields& f, Updated& s)
    {
        f("updated", s.updated, "false: it was made of the newest image already");
        f("container", s.container, "Its name");
        f("image", s.image);
        f("old_image_id", s.old_image_id);
        f("new_image_id", s.new_image_id);
        f("new_container_id", s.new_container_id);
        f("warnings", s.warnings);
    }
};

/// What the steps of one update work with.
struct Update {
    UpdateWanted wanted;
    std::string id;     // of the old container, whole
    std::string name;   // that the new one takes over
    std::string aside;  // what the old one is called meanwhile
    containers::ImageName image;
    std::string old_image_id;
    bool is_running{false};
    seconds grace{10};     // within which an engine stops it
    std::string restarts;  // its restart policy, where that could start it again
};

bool is_whole_id(std::string_view name)
{
    return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == name.npos;
}

/// Errors: invalid_argument, of a name that an update cannot work with.
Status check_name(const std::string& name, const std::string& id)
{
    if (is_whole_id(name)) {
        return fail(Errc::invalid_argument,
                    "the container is called like an id, which an engine may take for another "
                    "container's; rename it first");
    }
    const auto mark = name.rfind("-before-");
    if (mark != name.npos && name == containers::name_aside(name.substr(0, mark), id)) {
        return fail(Errc::invalid_argument,
                    quote(name) + " is what an update that was not finished left of " +
                        quote(name.substr(0, mark)) +
                        "; remove the new one if it is there, and "
                        "give this one its name back");
    }
    return {};
}

Result<Update> update_of(const UpdateWanted& wanted, const json& container)
{
    TAILOPS_CHECK(containers::check_recreatable(container));
    const auto* config = find_member(container, "Config");
    const auto* state = find_member(container, "State");
    if (!config || !state) {
        return fail(Errc::internal, "the engine's answer is not what its API has");
    }
    TAILOPS_TRY(auto image, containers::image_name(text_member(*config, "Image")));
    auto name = text_member(container, "Name");
    if (name.starts_with('/')) name.remove_prefix(1);
    const std::string id{text_member(container, "Id")};
    TAILOPS_CHECK(check_name(std::string{name}, id));
    const auto* running = find_member(*state, "Running");
    const auto grace = optional_field<std::int64_t>(*config, "StopTimeout");
    return Update{.wanted = wanted,
                  .id = id,
                  .name = std::string{name},
                  .aside = containers::name_aside(std::string{name}, id),
                  .image = std::move(image),
                  .old_image_id = std::string{text_member(container, "Image")},
                  .is_running = running && *running == true,
                  .grace = seconds{grace ? grace->value_or(10) : 10},
                  .restarts = containers::own_restarts(container)};
}

/// The way back from the new container: that one, and no other that has its name by then.
Reversal removal_of(const Created& made)
{
    return Undo{.step = "remove the new container",
                .operation = containers::forced_removal(made.id),
                .accept = containers::accepted_or_gone,
                .patience = containers::stop_patience};
}

/// Makes the new container in the place of the old one, which is renamed, and connects it.
Task<Result<Created>> create(const Update& update,
                             const containers::Recreation& recreation,
                             Work& work)
{
    Reversal rename_back =
        Undo{.step = "give the old container its name " + quote(update.name) + " back",
             .operation = renaming(update.id, update.name),
             .accept = containers::accepted_or_so_called};
    auto rename = asking(renaming(update.id, update.aside));
    TAILOPS_CO_CHECK(co_await work.act("rename the old container to " + quote(update.aside),
                                       std::move(rename), std::move(rename_back)));
    // Without an answer only its name is known. One that runs by then is not ours.
    Reversal remove_by_name = Undo{.step = "remove the new container",
                                   .operation = containers::removal(update.name),
                                   .accept = containers::accepted_or_gone};
    std::function<Reversal(const Created&)> remove_it = removal_of;
    auto making = containers::creation(update.name, recreation.create_body);
    TAILOPS_CO_TRY(auto created, co_await work.act("create the new container " + quote(update.name),
                                                   std::move(making), std::move(remove_by_name),
                                                   std::move(remove_it)));
    const auto& id = created.id.empty() ? update.name : created.id;  // none in a rehearsal
    for (const auto& [network, body] : recreation.connects) {
        const json leave{{"Container", id}, {"Force", true}};
        Reversal disconnect =
            Undo{.step = "disconnect the new container from " + quote(network),
                 .operation = post("/networks/" + network + "/disconnect", {}, dump_json(leave)),
                 .accept = containers::accepted_or_unconnected};
        auto connect = asking(
            post("/networks/" + network + "/connect", {}, containers::connect_body(id, body)));
        TAILOPS_CO_CHECK(co_await work.act("connect the new container to " + quote(network),
                                           std::move(connect), std::move(disconnect)));
    }
    co_return created;
}

/// Lets the new container run instead of the old one, and waits until it works.
Task<Status> take_over(const Update& update, const Created& created, Work& work)
{
    const auto old = "/containers/" + update.id;
    if (!update.restarts.empty()) {
        // An engine that starts anew would run it beside the new one.
        Reversal restart_again = Undo{.step = "give the old container its restart policy back",
                                      .operation = post(old + "/update", {}, update.restarts),
                                      .accept = accepted};
        auto keep_down = asking(post(old + "/update", {}, std::string{containers::no_restarts}));
        TAILOPS_CO_CHECK(co_await work.act("keep the old container from being restarted",
                                           std::move(keep_down), std::move(restart_again)));
    }
    const auto next = "/containers/" + (created.id.empty() ? update.name : created.id);
    // An engine goes on stopping after its caller gave up, and starts nothing that still runs.
    Reversal start_old = Undo{.step = "start the old container again",
                              .operation = post(old + "/start"),
                              .accept = accepted,
                              .patience = containers::start_patience,
                              .settling = Undo::Settling{.look = containers::get(old + "/json"),
                                                         .is_over = containers::has_ended,
                                                         .time = update.grace + seconds{10}}};
    auto stop = asking(post(old + "/stop"), containers::stop_patience);
    TAILOPS_CO_CHECK(
        co_await work.act("stop the old container", std::move(stop), std::move(start_old)));
    Reversal stop_new = Undo{.step = "stop the new container",
                             .operation = post(next + "/stop"),
                             .accept = containers::accepted_or_gone,
                             .patience = containers::stop_patience};
    auto start = asking(post(next + "/start"), containers::start_patience);
    TAILOPS_CO_CHECK(
        co_await work.act("start the new container", std::move(start), std::move(stop_new)));
    Work::Wait wait{.step = "wait until the new container works",
                    .operation = containers::get(next + "/json"),
                    .holds = containers::works,
                    .time = seconds{update.wanted.healthy_within_seconds},
                    .steady_for = settling};
    co_return co_await work.until(std::move(wait));
}

/// What stands in the way of an update, or would be lost by it, outside of the container itself.
Task<Result<containers::Neighbours>> look_around(const Update& update,
                                                 const json& container,
                                                 Work& work)
{
    auto all = containers::neighbours(update.id, update.name);
    TAILOPS_CO_TRY(auto around, co_await work.look("see the containers beside it", std::move(all)));
    if (!around.leftovers.empty()) {
        co_return fail(Errc::invalid_argument,
                       "an update of " + quote(update.name) +
                           " was not finished: the old container is there as " +
                           quote(around.leftovers.front()) + "; put it back or remove it first");
    }
    for (const auto& id : containers::referred_to(container)) {
        if (around.ids.contains(id)) continue;
        co_return fail(Errc::invalid_argument,
                       quote(update.name) + " lives in the namespaces of container " +
                           quote(id.substr(0, 12)) +
                           ", which is gone; it cannot be started again, and has to be made anew");
    }
    co_return around;
}

/// Those that live in its network, or link to it, refer to the old container.
Status check_dependents(const Update& update, const containers::Neighbours& around, Updated& out)
{
    if (around.dependents.empty()) return {};
    const auto all = join(around.dependents, ", ");
    if (!update.wanted.cut_off_dependents) {
        return fail(Errc::invalid_argument,
                    "containers live in the network of " + quote(update.name) + " or link to it (" +
                        all +
                        ") and would lose it; update it with cut_off_dependents and make them "
                        "once more");
    }
    out.warnings = {"these lost it and have to be made once more: " + all};
    return {};
}

/// What the container is by now: a pull may have taken minutes. Errors: invalid_argument, when
/// somebody changed it meanwhile.
Task<Result<containers::Document>> look_again(const Update& update, Work& work)
{
    auto inspect = containers::container(update.id, update.name);
    TAILOPS_CO_TRY(auto now,
                   co_await work.look("read the container once more", std::move(inspect)));
    TAILOPS_CO_TRY(const auto again, update_of(update.wanted, *now));
    if (again.name != update.name || again.is_running != update.is_running) {
        co_return fail(Errc::invalid_argument, "somebody renamed, started or stopped " +
                                                   quote(update.name) + " meanwhile; call again");
    }
    co_return now;
}

Task<Result<Updated>> update_container(UpdateWanted wanted,
                                       std::shared_ptr<const std::string> exact,
                                       Work& work)
{
    const auto word = exact->empty() ? wanted.name_or_id : *exact;
    auto inspect = containers::container(word, wanted.name_or_id);
    TAILOPS_CO_TRY(const auto before,
                   co_await work.look("read how the container is configured", std::move(inspect)));
    TAILOPS_CO_CHECK(work.claim(
        {.kind = "container", .word = std::string{text_member(*before, "Id")}, .is_unique = true}));
    TAILOPS_CO_TRY(const auto update, update_of(wanted, *before));
    // The one that is being made has the name of the one that it follows.
    TAILOPS_CO_CHECK(work.claim({.kind = "container", .word = update.name}));
    TAILOPS_CO_TRY(const auto around, co_await look_around(update, *before, work));
    auto its_image = containers::image(update.old_image_id);
    TAILOPS_CO_TRY(const auto old_image,
                   co_await work.look("read its image", std::move(its_image)));
    if (wanted.pull_latest) {
        auto fetch = containers::pull(update.image);
        Reversal stays = Stays{};
        TAILOPS_CO_CHECK(co_await work.act("pull the image " + quote(update.image.text()),
                                           std::move(fetch), std::move(stays)));
    }
    auto newest = containers::image(update.image.text());
    TAILOPS_CO_TRY(const auto new_image,
                   co_await work.look("read the new image", std::move(newest)));
    if (!new_image && !work.is_rehearsal()) {
        co_return fail(Errc::not_found, "the engine has no image " + quote(update.image.text()) +
                                            "; have it pulled with pull_latest");
    }
    Updated out{.container = update.name,
                .image = update.image.text(),
                .old_image_id = update.old_image_id,
                .new_image_id = new_image ? std::string{text_member(*new_image, "Id")} : ""};
    // In a rehearsal nobody knows yet what the registry has.
    const bool is_known = !(work.is_rehearsal() && wanted.pull_latest);
    if (is_known && out.new_image_id == out.old_image_id) co_return out;

    TAILOPS_CO_CHECK(check_dependents(update, around, out));
    TAILOPS_CO_TRY(const auto old, co_await look_again(update, work));
    const auto recreation =
        containers::recreation_of(*old, old_image.get(), new_image ? *new_image : json::object());
    TAILOPS_CO_TRY(const auto created, co_await create(update, recreation, work));
    if (!created.id.empty()) {
        TAILOPS_CO_CHECK(work.claim({.kind = "container", .word = created.id, .is_unique = true}));
    }
    if (update.is_running) {
        TAILOPS_CO_CHECK(co_await take_over(update, created, work));
    }
    out.updated = true;
    if (!created.id.empty()) out.new_container_id = created.id.substr(0, 12);
    auto remove = asking(containers::removal(update.id), containers::stop_patience);
    Reversal gone = Irreversible{};
    const auto removed =
        co_await work.act("remove the old container", std::move(remove), std::move(gone));
    if (!removed) {
        if (!out.warnings) out.warnings.emplace();
        out.warnings->push_back("the old container may still be there as " + quote(update.aside) +
                                ": " + removed.error().public_message());
    }
    co_return out;
}

Result<kit::JobOf<Updated>> plan(const UpdateWanted& wanted, const PlanContext&)
{
    // What the word meant, once the target was asked.
    const auto exact = std::make_shared<std::string>();
    auto naming = containers::naming_of(wanted.name_or_id);
    naming.act_on = [exact](targets::Operation&, const std::string& id) { *exact = id; };
    return kit::JobOf<Updated>{
        .job = [wanted, exact](Work& work) { return update_container(wanted, exact, work); },
        .namings = {std::move(naming)}};
}

}  // namespace

Tool update_docker_container()
{
    return kit::ToolOf<UpdateWanted, Updated, kit::JobReport>{
        {.name = "update_docker_container",
         .title = "Update a container to the newest image",
         .summary =
             "Pulls the newest image of a container's name and tag and makes the container once "
             "more from it, with all its settings, networks and volumes. The old one is kept until "
             "the new one works, and put back when it does not.",
         .rights = {{{"container", "admin"}, Tier::admin}},
         .annotations =
             {.read_only = false, .destructive = true, .idempotent = false, .open_world = true},
         .facet = targets::Facet::containers}}
        .works({{{"container", "read"}, Tier::observe}}, plan);
}

}  // namespace tailops::tools
