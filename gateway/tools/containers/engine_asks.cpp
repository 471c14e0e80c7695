#include "gateway/tools/containers/engine_asks.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/tools/containers/container_json.hpp"
#include "gateway/tools/containers/engine_answer.hpp"
#include "targets/output.hpp"

#include <nlohmann/json.hpp>

namespace tailops::tools::containers {

using nlohmann::json;
using std::chrono::milliseconds;
using targets::EngineCall;
using targets::ExecutionResult;

namespace {

std::string message_of(const ExecutionResult& result)
{
    const auto failed = engine_failure(result);
    return failed ? failed->error : std::string{};
}

/// Swallows what an engine says of a pull but for its end, where the error stands.
class Unread final : public targets::OutputSink {
public:
    Wants write(targets::OutputStream, std::string_view) override { return Wants::more; }
};

}  // namespace

Status accepted(const ExecutionResult& result)
{
    if (auto why = message_of(result); !why.empty()) {
        return fail(Errc::invalid_argument, std::move(why));
    }
    return {};
}

Status accepted_or_gone(const ExecutionResult& result)
{
    return result.status == 404 ? Status{} : accepted(result);
}

Status accepted_or_unconnected(const ExecutionResult& result)
{
    return message_of(result).contains("is not connected") ? Status{} : accepted_or_gone(result);
}

Status accepted_or_so_called(const ExecutionResult& result)
{
    const bool is_so_called = result.status == 400 && message_of(result).contains("same name");
    return is_so_called ? Status{} : accepted(result);
}

Ask<Nothing> asking(EngineCall call, milliseconds patience)
{
    return {.operation = std::move(call),
            .read = [](const ExecutionResult& result) -> Result<Nothing> {
                TAILOPS_CHECK(accepted(result));
                return Nothing{};
            },
            .patience = patience};
}

EngineCall post(std::string path,
                std::vector<std::pair<std::string, std::string>> query,
                std::string body)
{
    return {.method = "POST",
            .path = std::move(path),
            .query = std::move(query),
            .body = std::move(body)};
}

EngineCall get(std::string path)
{
    return {.method = "GET", .path = std::move(path), .query = {}, .body = {}};
}

EngineCall removal(const std::string& container)
{
    return {.method = "DELETE", .path = "/containers/" + container, .query = {}, .body = {}};
}

EngineCall forced_removal(const std::string& container)
{
    auto call = removal(container);
    call.query = {{"force", "1"}, {"v", "1"}};
    return call;
}

EngineCall renaming(const std::string& container, const std::string& name)
{
    return post("/containers/" + container + "/rename", {{"name", name}});
}

Result<Document> read_document(const ExecutionResult& result)
{
    TAILOPS_CHECK(accepted(result));
    auto told = parse_json(result.output);
    if (!told || !told->is_object()) return fail(not_of_an_engine(result));
    return std::make_shared<const json>(*std::move(told));
}

Ask<Document> container(const std::string& word, const std::string& asked)
{
    return {.operation = get("/containers/" + word + "/json"),
            .read = [asked](const ExecutionResult& result) -> Result<Document> {
                if (result.status == 404) {
                    return fail(Errc::not_found,
                                "no container " + quote(asked) + " on this target");
                }
                return read_document(result);
            }};
}

std::string name_aside(const std::string& name, const std::string& id)
{
    return name + "-before-" + id.substr(0, 12);
}

namespace {

/// Adds what the engine tells of one container.
void add_neighbour(Neighbours& out, const json& one, const std::string& id, const std::string& name)
{
    const auto entry = list_entry(one);
    const std::string its_id{text_member(one, "Id")};
    out.ids.insert(its_id);
    if (its_id == id) {
        // "/web/db" is what "web" calls it.
        const auto names = optional_field<std::vector<std::string>>(one, "Names");
        for (const auto& listed :
             names ? names->value_or(std::vector<std::string>{}) : std::vector<std::string>{}) {
            const auto slash = listed.find('/', 1);
            if (slash != listed.npos) out.dependents.push_back(listed.substr(1, slash - 1));
        }
        return;
    }
    const auto* host = find_member(one, "HostConfig");
    if (host && text_member(*host, "NetworkMode") == "container:" + id) {
        out.dependents.push_back(entry.name);
    }
    if (entry.name == name_aside(name, its_id)) out.leftovers.push_back(entry.name);
}

}  // namespace

Ask<Neighbours> neighbours(const std::string& id, const std::string& name)
{
    auto list = get("/containers/json");
    list.query = {{"all", "1"}};
    return {.operation = std::move(list),
            .read = [id, name](const ExecutionResult& result) -> Result<Neighbours> {
                TAILOPS_CHECK(accepted(result));
                const auto told = parse_json(result.output);
                if (!told || !told->is_array()) return fail(not_of_an_engine(result));
                Neighbours out;
                for (const auto& one : *told) add_neighbour(out, one, id, name);
                return out;
            }};
}

Ask<Document> image(const std::string& name)
{
    return {.operation = get("/images/" + name + "/json"),
            .read = [](const ExecutionResult& result) -> Result<Document> {
                if (result.status == 404) return nullptr;
                return read_document(result);
            }};
}

namespace {

/// An engine answers 200 to a pull before it has begun, and says at the end that it failed.
Result<Nothing> read_pull(const ExecutionResult& result)
{
    // The engine is well: it is the registry that has no answer.
    if (result.status >= 500) return fail(Errc::unavailable, message_of(result));
    TAILOPS_CHECK(accepted(result));
    for (const auto line :
         split(result.output_tail.empty() ? result.output : result.output_tail, '\n')) {
        const auto told = parse_json(trim(line));
        if (!told || !told->is_object()) continue;
        if (const auto why = text_member(*told, "error"); !why.empty()) {
            return fail(Errc::unavailable, escaped_line(why, 300));
        }
    }
    return Nothing{};
}

}  // namespace

Ask<Nothing> pull(const ImageName& name)
{
    auto call = post("/images/create", {{"fromImage", name.repository}, {"tag", name.tag}});
    call.rest = std::make_shared<Unread>();
    return {.operation = std::move(call), .read = read_pull, .patience = pull_patience};
}

Ask<Created> creation(const std::string& name, std::string body)
{
    return {.operation = post("/containers/create", {{"name", name}}, std::move(body)),
            .read = [](const ExecutionResult& result) -> Result<Created> {
                TAILOPS_TRY(const auto told, read_document(result));
                return Created{std::string{text_member(*told, "Id")}};
            },
            .patience = start_patience};
}

Result<bool> has_ended(const ExecutionResult& result)
{
    if (result.status == 404) return true;
    TAILOPS_TRY(const auto told, read_document(result));
    const auto* state = find_member(*told, "State");
    const auto* running = state ? find_member(*state, "Running") : nullptr;
    return !running || *running != true;
}

/// Whether the container works: healthy by its own check, or, without one, running for a while.
Result<bool> works(const ExecutionResult& result)
{
    TAILOPS_TRY(const auto told, read_document(result));
    const auto* state = find_member(*told, "State");
    if (!state) return fail(not_of_an_engine(result));
    const auto status = text_member(*state, "Status");
    const auto restarts = optional_field<std::int64_t>(*told, "RestartCount");
    if (status == "restarting" || (restarts && restarts->value_or(0) > 0)) {
        return fail(Errc::invalid_argument, "the new container keeps ending and being restarted");
    }
    if (status != "running") {
        const auto code = optional_field<std::int64_t>(*state, "ExitCode");
        return fail(Errc::invalid_argument, "the new container ended with " +
                                                std::to_string(code ? code->value_or(0) : 0) +
                                                " (" + std::string{status} + ")");
    }
    if (const auto* health = find_member(*state, "Health"); health && health->is_object()) {
        const auto word = text_member(*health, "Status");
        if (word == "unhealthy") {
            return fail(Errc::invalid_argument, "the new container's health check says unhealthy");
        }
        if (word == "starting") return false;
        if (word == "healthy") return true;
    }
    return true;
}

}  // namespace tailops::tools::containers
