#include "gateway/call/judged.hpp"

#include "gateway/call/refusal.hpp"
#include "gateway/core/text.hpp"

#include <algorithm>
#include <utility>

namespace tailops::call {
namespace {

using policy::Effect;

// A script of ours says less than this before that of which it is asked.
constexpr std::size_t beginning_bytes_max = 64 * 1024;

std::string path_of(const policy::AccessRequest& request)
{
    const auto at = request.parameters.find("path");
    const auto* path =
        at == request.parameters.end() ? nullptr : std::get_if<std::string>(&at->second);
    return path ? *path : std::string{};
}

}  // namespace

GateJudge::GateJudge(std::shared_ptr<const policy::Gate> gate,
                     policy::AccessRequest request,
                     policy::Obligations granted)
    : gate_{std::move(gate)},
      request_{std::move(request)},
      granted_{granted},
      asked_{path_of(request_)}
{
}

policy::Decision GateJudge::decide_about(const std::string& path)
{
    request_.parameters["path"] = path;
    return gate_->decide(request_).decision;
}

Status GateJudge::may_open(const std::string& path)
{
    if (path == asked_) return {};
    opened_ = path;
    const auto decision = decide_about(path);
    const auto leads = quote(asked_) + " leads elsewhere; about that place: ";
    if (decision.effect == Effect::allow) {
        const auto& wanted = decision.obligations;
        const bool is_stricter = wanted.output_limit_bytes < granted_.output_limit_bytes ||
                                 wanted.timeout < granted_.timeout || wanted.dry_run;
        if (!is_stricter) return {};
        return fail(Errc::denied, leads +
                                      "its rule has stricter obligations; ask for it by its "
                                      "own path");
    }
    if (decision.effect == Effect::dry_run_only) {
        return fail(Errc::denied, leads + "only a dry run is permitted there");
    }
    const auto error = refusal(request_, decision);
    return fail(Error{error.code(), leads + error.public_message()}.with_detail(error.detail()));
}

bool GateJudge::may_name(const std::string& path)
{
    const auto decision = decide_about(path);
    return decision.effect == Effect::allow || !decision.rule;
}

JudgedSink::JudgedSink(std::shared_ptr<OutputSink> behind, std::string marker, Check check)
    : behind_{std::move(behind)},
      marker_{std::move(marker)},
      check_{std::move(check)}
{
}

targets::OutputSink::Wants JudgedSink::write(targets::OutputStream stream, std::string_view bytes)
{
    if (stands_ == Stands::let_through) return behind_->write(stream, bytes);
    if (stands_ == Stands::refused) return Wants::nothing;
    // What a script complains of is nothing of which it was asked.
    if (stream == targets::OutputStream::diagnostics) return Wants::more;
    const auto seen = beginning_.size();
    beginning_ += bytes;
    const auto at = beginning_.find(marker_, seen - std::min(seen, marker_.size()));
    if (at == std::string::npos) {
        if (beginning_.size() > beginning_bytes_max) stands_ = Stands::refused;
        return stands_ == Stands::refused ? Wants::nothing : Wants::more;
    }
    const auto end = at + marker_.size();
    stands_ =
        check_(std::string_view{beginning_}.substr(0, end)) ? Stands::let_through : Stands::refused;
    const auto whole = std::exchange(beginning_, {});
    return stands_ == Stands::let_through ? behind_->write(stream, whole) : Wants::nothing;
}

}  // namespace tailops::call
