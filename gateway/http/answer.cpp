#include "gateway/http/answer.hpp"

#include "gateway/core/json.hpp"
#include "gateway/core/text.hpp"
#include "gateway/http/header_text.hpp"
#include "gateway/http/status.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace tailops::http {
namespace {

void append_number(std::string& out, std::size_t value, int base = 10)
{
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
    out.append(digits.data(), end);
}

/// "Date: …" with its line end. Formatted once a second per thread.
std::string_view date_line()
{
    thread_local std::time_t formatted = -1;
    thread_local std::array<char, 64> line{};
    thread_local std::size_t length = 0;
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    if (now != formatted) {
        std::tm parts{};
        gmtime_r(&now, &parts);
        length =
            std::strftime(line.data(), line.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
        formatted = now;
    }
    return {line.data(), length};
}

bool is_safe(std::string_view value)
{
    return std::ranges::none_of(value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool is_ours(std::string_view name)
{
    constexpr auto ours = std::to_array<std::string_view>(
        {"content-length", "transfer-encoding", "connection", "date"});
    return std::ranges::any_of(
        ours, [name](std::string_view each) { return equal_ignoring_case(name, each); });
}

/// Appends `lines` framed as one chunk.
template <class F>
void append_framed(std::string& out, Framing framing, std::size_t size, F lines)
{
    if (framing == Framing::chunked) {
        append_number(out, size, 16);
        out += "\r\n";
    }
    lines(out);
    if (framing == Framing::chunked) out += "\r\n";
}

template <class F>
void for_each_line(std::string_view text, F each)
{
    for (;;) {
        const auto end = text.find_first_of("\r\n");
        each(text.substr(0, end));
        if (end == std::string_view::npos) return;
        const bool is_pair = text.substr(end).starts_with("\r\n");
        text.remove_prefix(end + (is_pair ? 2 : 1));
    }
}

}  // namespace

void append_head(std::string& out, const AnswerHead& head)
{
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::size_t>(head.status));
    out += ' ';
    out += reason_phrase(head.status);
    out += "\r\n";
    for (const auto& [name, value] : head.headers) {
        const bool is_name = !name.empty() && std::ranges::all_of(name, is_token_character);
        if (!is_name || !is_safe(value) || is_ours(name)) continue;
        out += name;
        out += ": ";
        out += value;
        out += "\r\n";
    }
    if (head.framing == Framing::length) {
        out += "Content-Length: ";
        append_number(out, head.body_bytes);
        out += "\r\n";
    } else if (head.framing == Framing::chunked) {
        out += "Transfer-Encoding: chunked\r\n";
    }
    if (head.after == After::close) out += "Connection: close\r\n";
    out += date_line();
    out += "\r\n";
}

void append_piece(std::string& out, Framing framing, std::string_view piece)
{
    if (piece.empty()) return;
    append_framed(out, framing, piece.size(), [piece](std::string& to) { to += piece; });
}

void append_event(std::string& out, Framing framing, std::string_view id, std::string_view data)
{
    if (!is_safe(id)) id = {};
    std::size_t size = id.empty() ? 1 : id.size() + 6;
    for_each_line(data, [&size](std::string_view line) { size += line.size() + 7; });
    append_framed(out, framing, size, [id, data](std::string& to) {
        if (!id.empty()) {
            to += "id: ";
            to += id;
            to += '\n';
        }
        for_each_line(data, [&to](std::string_view line) {
            to += "data: ";
            to += line;
            to += '\n';
        });
        to += '\n';
    });
}

void append_priming(std::string& out,
                    Framing framing,
                    std::string_view id,
                    std::chrono::milliseconds retry)
{
    if (!is_safe(id)) id = {};
    const auto wait = std::to_string(retry.count());
    append_framed(out, framing, id.size() + wait.size() + 21, [id, &wait](std::string& to) {
        to += "id: ";
        to += id;
        to += "\nretry: ";
        to += wait;
        to += "\ndata: \n\n";
    });
}

void append_comment(std::string& out, Framing framing, std::string_view text)
{
    append_framed(out, framing, text.size() + 4, [text](std::string& to) {
        to += ": ";
        to += text;
        to += "\n\n";
    });
}

Reply refusal_reply(int status, std::string_view message)
{
    const nlohmann::json body{{"error", message}};
    return {status, {{"Content-Type", "application/json"}}, dump_json(body)};
}

}  // namespace tailops::http
