#pragma once

#include "gateway/http/server.hpp"

#include <string>
#include <vector>

namespace tailops::http {

/// One endpoint. Its handler sees only the methods of its row; HEAD comes with GET.
struct Route {
    std::string path;
    std::vector<std::string> methods;
    Handler handler;
};

/// Answers by exact path: an unknown one 404, an unknown method 405 with Allow. A method is
/// refused in that shape. Safe from any strand.
Handler make_router(std::vector<Route> routes, RefusalShape refusal = plain_refusal);

}  // namespace tailops::http
