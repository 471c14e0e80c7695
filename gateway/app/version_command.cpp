#include "gateway/app/commands.hpp"
#include "gateway/app/output.hpp"
#include "gateway/tools/reference.hpp"

namespace tailops::app {

int print_version()
{
    print("tailops " TAILOPS_VERSION "\n");
    return exit_ok;
}

int print_tools_reference()
{
    print(tools::tools_reference());
    return exit_ok;
}

}  // namespace tailops::app
