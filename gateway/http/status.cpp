#include "gateway/http/status.hpp"

namespace tailops::http {

int status_of(Errc code) noexcept
{
    switch (code) {
    case Errc::invalid_argument: return 400;
    case Errc::unauthenticated: return 401;
    case Errc::insufficient_scope: return 403;
    case Errc::denied: return 403;
    case Errc::not_found: return 404;
    case Errc::approval_required: return 403;
    case Errc::busy: return 429;
    case Errc::deadline_exceeded: return 504;
    case Errc::cancelled: return 503;
    case Errc::unreachable: return 503;
    case Errc::unauthorized_there: return 502;
    case Errc::unavailable: return 503;
    case Errc::outcome_unknown: return 409;
    case Errc::internal: return 500;
    }
    return 500;
}

std::string_view reason_phrase(int status) noexcept
{
    switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "";
    }
}

}  // namespace tailops::http
