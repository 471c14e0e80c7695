#include "gateway/service/service.hpp"

#include "gateway/core/text.hpp"

namespace tailops::service {

std::vector<PromptListing> Service::list_prompts(const auth::Principal&) const
{
    return {};
}

std::vector<ResourceListing> Service::list_resources(const auth::Principal&) const
{
    return {};
}

std::vector<ResourceListing> Service::list_resource_templates(const auth::Principal&) const
{
    return {};
}

Task<Result<Outcome<PromptResult>>> Service::get_prompt(Caller&, std::string name, JsonPart)
{
    co_return fail(Errc::not_found, "there is no prompt " + quote(name));
}

Task<Result<Outcome<ResourceResult>>> Service::read_resource(Caller&, std::string)
{
    co_return fail(Errc::not_found, "resource not found");
}

Task<Result<Completion>> Service::complete(Caller&, CompletionQuery query)
{
    co_return fail(Errc::not_found, "there is nothing called " + quote(query.name));
}

Following Service::following(const auth::Principal&, std::string_view) const
{
    return Following::hidden;
}

}  // namespace tailops::service
