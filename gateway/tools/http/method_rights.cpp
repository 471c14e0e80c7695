#include "gateway/tools/http/method_rights.hpp"

#include "targets/http/api_path.hpp"

namespace tailops::tools {

Right right_of_method(std::string_view method)
{
    const bool is_reading = method == "GET" || method == "HEAD";
    return is_reading ? Right{{"http", "read"}, Tier::observe}
                      : Right{{"http", "write"}, Tier::control};
}

policy::Aliases aliases_of_path(const std::string& path)
{
    return {.same = {}, .others = targets::slash_spellings(path), .any_case = true};
}

}  // namespace tailops::tools
