#pragma once

#include "gateway/call/pipeline.hpp"
#include "gateway/store/call_keys.hpp"

#include <string>

namespace tailops::call {

/// What is kept of a call's end for a retry: opaque text. Large parts of a result are left out.
std::string encoded(const Result<Answer>& outcome);

/// The outcome of `stored`, which has one, as a caller gets it again. Errors: those of the first
/// call; internal (it cannot be read).
Result<Answer> decoded(const store::StoredCallKey& stored);

}  // namespace tailops::call
