#pragma once

#include "gateway/tools/place.hpp"
#include "policy/gate.hpp"
#include "targets/output.hpp"

#include <functional>
#include <memory>
#include <string>

namespace tailops::call {

/// Puts the question of a permitted call to the gate again, with a place that the target named
/// instead of the path that was asked for. Belongs to one call and its strand.
class GateJudge final : public tools::PlaceJudge {
public:
    /// `granted`: what the permit of the call holds it to.
    GateJudge(std::shared_ptr<const policy::Gate> gate,
              policy::AccessRequest request,
              policy::Obligations granted);

    /// Also denied where the place asks for stricter obligations than the call runs under.
    Status may_open(const std::string& path) override;
    /// What was opened was permitted, and names in it come with that; a rule that denies a name, or
    /// asks for an approval or a dry run of it, takes it out.
    bool may_name(const std::string& path) override;

    /// What was opened last, when it is elsewhere than was asked for; empty: it is not.
    const std::string& opened() const noexcept { return opened_; }

private:
    policy::Decision decide_about(const std::string& path);

    const std::shared_ptr<const policy::Gate> gate_;
    policy::AccessRequest request_;
    const policy::Obligations granted_;
    const std::string asked_;
    std::string opened_;
};

/// Lets an output through once its beginning was judged, and nothing of it otherwise. Used from the
/// strand that the operation runs on.
class JudgedSink final : public targets::OutputSink {
public:
    using Check = std::function<Status(std::string_view beginning)>;

    /// The beginning ends with `marker`.
    JudgedSink(std::shared_ptr<OutputSink> behind, std::string marker, Check check);

    Wants write(targets::OutputStream stream, std::string_view bytes) override;

private:
    enum class Stands { open, let_through, refused };

    const std::shared_ptr<OutputSink> behind_;
    const std::string marker_;
    const Check check_;
    std::string beginning_;
    Stands stands_{Stands::open};
};

}  // namespace tailops::call
