#include "gateway/http/exchange.hpp"

namespace tailops::http {

Task<Status> Exchange::begin_body(int /*status*/,
                                  Headers /*headers*/,
                                  std::optional<std::uint64_t> /*length*/)
{
    co_return fail(Errc::internal, "nothing but messages goes this way");
}

Task<Status> Exchange::write(std::string_view /*piece*/)
{
    co_return fail(Errc::internal, "no body has begun");
}

}  // namespace tailops::http
