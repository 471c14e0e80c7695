#include "gateway/app/commands.hpp"
#include "gateway/app/output.hpp"
#include "gateway/tools/reference.hpp"

namespace tailops::app {

int print_version()
{
    return answer("tailops " TAILOPS_VERSION "\n", exit_ok);
}

int print_tools_reference()
{
    return answer(tools::tools_reference(), exit_ok);
}

}  // namespace tailops::app
