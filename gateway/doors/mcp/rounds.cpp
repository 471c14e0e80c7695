#include "gateway/doors/mcp/rounds.hpp"

#include "gateway/core/digest.hpp"
#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/core/try.hpp"
#include "gateway/doors/mcp/elicited.hpp"
#include "gateway/doors/mcp/eras/legacy/asking.hpp"
#include "gateway/doors/mcp/methods.hpp"
#include "gateway/doors/mcp/wire/json_text.hpp"

#include <nlohmann/json.hpp>

namespace tailops::mcp {
namespace {

using nlohmann::json;

constexpr const char* requested_schema = "requestedSchema";

JsonPart shared(json value)
{
    return std::make_shared<const json>(std::move(value));
}

/// What a modern client brings back: the answers so far and the handler's own state.
struct Recalled {
    json answers = json::object();
    JsonPart state;
    const json* unasked{nullptr};  // responses without the state of the question; null: none
};

/// The questions by key, as far as responses are held to them.
json terms_of_questions(const service::InputRequired& question)
{
    json all = json::object();
    for (const auto& [key, request] : question.requests) {
        json terms{{"method", request.method}};
        const auto* form =
            request.params ? find_member(*request.params, requested_schema) : nullptr;
        if (form) terms["params"][requested_schema] = *form;
        all.emplace(key, std::move(terms));
    }
    return all;
}

Result<Recalled> recall(const Protocol& protocol, const Asked& asked, const Subject& subject)
{
    Recalled out;
    const auto& params = asked.message.params;
    const auto* given = params ? find_member(*params, "inputResponses") : nullptr;
    if (given && !given->is_object()) {
        return fail(Errc::invalid_argument, "\"inputResponses\" must be an object");
    }
    if (const auto* sealed = params ? find_member(*params, "requestState") : nullptr) {
        if (!sealed->is_string()) return fail(Errc::invalid_argument, "invalid requestState");
        TAILOPS_TRY(const auto text,
                    protocol.seal->open(sealed->get_ref<const std::string&>(),
                                        binding_of(asked, subject), protocol.clock.now()));
        TAILOPS_TRY(const auto kept, parse_json(text));
        if (const auto* answers = find_member(kept, "a")) out.answers = *answers;
        if (const auto* state = find_member(kept, "s")) out.state = shared(*state);
        const auto* questions = find_member(kept, "q");
        if (given && questions) {
            TAILOPS_TRY(out.answers, merged_answers(std::move(out.answers), *questions, *given));
        }
    } else {
        out.unasked = given;
    }
    return out;
}

Result<std::string> sealed_state(const Protocol& protocol,
                                 const Asked& asked,
                                 const Subject& subject,
                                 const McpCaller& caller,
                                 const service::InputRequired& question)
{
    // The accumulated answers go along, because each retry carries only the last round's.
    json kept{{"q", terms_of_questions(question)}};
    if (caller.answers()) kept.emplace("a", *caller.answers());
    if (question.state) kept.emplace("s", *question.state);
    return protocol.seal->seal(dump_json(kept), binding_of(asked, subject), protocol.clock.now());
}

Answer input_required(const Protocol& protocol,
                      const Asked& asked,
                      const service::InputRequired& question,
                      const std::string& state)
{
    auto message = begin_object(protocol, asked, ResultType::input_required, state.size() + 512);
    if (!question.requests.empty()) {
        message += R"(,"inputRequests":)";
        message += input_requests_json(question);
    }
    message += R"(,"requestState":)";
    append_json_string(message, state);
    return end_object(std::move(message));
}

/// Whether it has come to nothing yet, or only may come to something as a task.
bool goes_on(const Turn& turn)
{
    return !std::holds_alternative<Members>(turn) &&
           !std::holds_alternative<service::InputRequired>(turn);
}

/// What the next round could not bring back is refused now. Without answers it is the handler's
/// own state that is too long.
Answer unsealable(const Asked& asked, const McpCaller& caller, const Error& error)
{
    const auto& why = error.public_message();
    if (!caller.answers() || caller.answers()->empty()) {
        return to_answer(internal_error("the state of this request is " + why, asked.message.id));
    }
    return invalid_params(asked,
                          "the answers of this request, all rounds together and sealed, are " + why,
                          R"({"reason":"answers_too_large"})");
}

Answer bad_answers(const Asked& asked, const Error& error)
{
    const bool is_state = error.public_message() == "invalid requestState";
    return to_answer({.code = code::invalid_params,
                      .message = error.public_message(),
                      .data = is_state ? R"({"reason":"invalid_request_state"})" : std::string{},
                      .id = asked.message.id});
}

}  // namespace

McpCaller::Terms terms_of(const Protocol& protocol, const Asked& asked)
{
    const auto level = asked.session ? asked.session->log_level()
                                     : service::find_log_level(asked.client.log_level);
    return {.principal = asked.principal,
            .request = asked.request,
            .revision = asked.revision,
            .capabilities = asked.client.capabilities,
            .log_level = level,
            .progress_token = asked.client.progress_token,
            .takes_tasks = takes_tasks(protocol, asked),
            .trace = asked.trace};
}

bool takes_tasks(const Protocol& protocol, const Asked& asked)
{
    return protocol.tasks && is_modern(asked.revision) &&
           ClientFeatures{asked.client.capabilities}.takes_tasks();
}

Answer complete_answer(const Protocol& protocol, const Asked& asked, const Members& members)
{
    auto message = begin_object(protocol, asked, ResultType::complete, members.text.size());
    append_members(message, members.text);
    return end_object(std::move(message));
}

std::string binding_of(const Asked& asked, const Subject& subject)
{
    const auto arguments = subject.arguments ? dump_json(*subject.arguments) : std::string{};
    std::string text;
    for (const auto& part :
         {asked.principal.identity.key(), asked.message.method, subject.name, arguments}) {
        text += std::to_string(part.size()) + ':' + part;
    }
    return to_hex(sha256(text));
}

bool is_response_to(std::string_view method, const json& response)
{
    if (!response.is_object()) return false;
    if (method == "roots/list") {
        const auto* roots = find_member(response, "roots");
        return roots && roots->is_array();
    }
    if (method == "sampling/createMessage") {
        const auto* role = find_member(response, "role");
        const auto* content = find_member(response, "content");
        return role && role->is_string() && content &&
               (content->is_object() || content->is_array());
    }
    const auto action = text_member(response, "action");
    const auto* content = find_member(response, "content");
    return (action == "accept" || action == "decline" || action == "cancel") &&
           (!content || content->is_object());
}

std::string input_requests_json(const service::InputRequired& question)
{
    std::string out = "{";
    for (const auto& [key, request] : question.requests) {
        if (out.size() > 1) out += ',';
        append_json_string(out, key);
        out += R"(:{"method":)" + json_string(request.method) + R"(,"params":)";
        append_json(out, request.params ? *request.params : json::object());
        out += '}';
    }
    return out + '}';
}

std::optional<Answer> undeclared(const Asked& asked,
                                 const ClientFeatures& client,
                                 const service::InputRequired& question)
{
    for (const auto& [key, request] : question.requests) {
        if (client.answers(request.method, request.params)) continue;
        return to_answer(
            {.status = is_modern(asked.revision) ? 400 : 200,
             .code = code::missing_client_capability,
             .message = "the client does not declare what this needs: " + request.method,
             .data = R"({"requiredCapabilities":)" +
                     ClientFeatures::required_for(request.method, request.params) + '}',
             .id = asked.message.id});
    }
    return std::nullopt;
}

Status check_response(const json& question, const json& response)
{
    const auto method = text_member(question, "method");
    if (!is_response_to(method, response)) {
        return fail(Errc::invalid_argument,
                    "it has not the shape of a result for " + std::string{method});
    }
    const auto* params = find_member(question, "params");
    const auto* form = params ? find_member(*params, requested_schema) : nullptr;
    return form ? check_elicited(*form, response) : Status{};
}

Result<json> merged_answers(json earlier, const json& questions, const json& given)
{
    for (const auto& [key, response] : given.items()) {
        const auto* question = find_member(questions, key);
        if (!question) continue;  // never asked: not ours to read
        if (auto fits = check_response(*question, response); !fits) {
            return fail(Errc::invalid_argument,
                        "\"inputResponses\": the response to " + quote(key) +
                            " does not fit: " + fits.error().public_message());
        }
        earlier[key] = response;
    }
    return earlier;
}

Task<Answer> Rounds::run()
{
    return is_modern(asked.revision) ? run_modern() : run_legacy();
}

Task<Answer> Rounds::run_modern()
{
    auto recalled = recall(protocol, asked, subject);
    if (!recalled) co_return bad_answers(asked, recalled.error());
    McpCaller caller{terms_of(protocol, asked), asked.outbox};
    caller.learn(shared(std::move(recalled->answers)), std::move(recalled->state));
    auto turn = co_await handling(caller);
    const auto* question = turn ? std::get_if<service::InputRequired>(&*turn) : nullptr;
    if (question && recalled->unasked) {
        // Without the state nobody knows what these answer before it is asked. The suites want them
        // taken; the handler, which has done no more than ask, goes on with those that fit.
        auto answers =
            merged_answers(json::object(), terms_of_questions(*question), *recalled->unasked);
        if (!answers) co_return bad_answers(asked, answers.error());
        if (!answers->empty()) {
            caller.learn(shared(*std::move(answers)), question->state);
            turn = co_await handling(caller);
        }
    }
    if (turn && goes_on(*turn) && as_task) {
        auto became = co_await as_task(*std::move(turn), caller);
        if (auto* answer = std::get_if<Answer>(&became)) co_return std::move(*answer);
        turn = std::get<Result<Turn>>(std::move(became));
    }
    co_return answer_to(turn, caller);
}

Answer Rounds::answer_to(const Result<Turn>& turn, const McpCaller& caller) const
{
    if (!turn) return failed(turn.error());
    if (const auto* members = std::get_if<Members>(&*turn)) {
        return complete_answer(protocol, asked, *members);
    }
    const auto* question = std::get_if<service::InputRequired>(&*turn);
    if (!question) {
        return to_answer(internal_error("this cannot run as a task", asked.message.id));
    }
    if (auto refusal = undeclared(asked, caller.client(), *question)) return *std::move(refusal);
    const auto state = sealed_state(protocol, asked, subject, caller, *question);
    if (!state) return unsealable(asked, caller, state.error());
    return input_required(protocol, asked, *question, *state);
}

Task<Answer> Rounds::run_legacy()
{
    McpCaller caller{terms_of(protocol, asked), asked.outbox};
    json answers = json::object();
    for (int round = 0; round <= legacy_rounds_max; ++round) {
        auto turn = co_await handling(caller);
        if (!turn) co_return failed(turn.error());
        if (const auto* members = std::get_if<Members>(&*turn)) {
            co_return complete_answer(protocol, asked, *members);
        }
        const auto* asks = std::get_if<service::InputRequired>(&*turn);
        if (!asks) {
            co_return failed(
                Error{Errc::unavailable, "this runs only as a task, and this client takes none"});
        }
        if (round == legacy_rounds_max) break;
        const auto& question = *asks;
        for (const auto& [key, request] : question.requests) {
            auto response = co_await legacy::ask(protocol, asked, request);
            if (!response) co_return failed(response.error());
            answers[key] = **response;
        }
        caller.learn(shared(answers), question.state);
    }
    co_return failed(Error{Errc::unavailable, "the call had more questions than a call may have"});
}

}  // namespace tailops::mcp
