#include "gateway/tools/run_view.hpp"

namespace tailops::tools {

std::string_view to_string(targets::OutputStream stream) noexcept
{
    return stream == targets::OutputStream::output ? "stdout" : "stderr";
}

std::string output_uri(const RequestId& run, targets::OutputStream stream)
{
    return "tailops://runs/" + run.str() + '/' + std::string{to_string(stream)};
}

}  // namespace tailops::tools
