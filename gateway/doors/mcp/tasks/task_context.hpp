#pragma once

#include "gateway/doors/mcp/wire/jsonrpc.hpp"
#include "gateway/store/tasks.hpp"

#include <string>

namespace tailops::mcp {

/// What the protocol must remember of a task to ask its handler again, here or after a restart:
/// what StoredTask::context holds.
struct TaskContext {
    JsonPart capabilities;  // of the client that made the task; an object
    JsonPart asked;         // every question so far, key to method; an object
    JsonPart answers;       // by key; an object
    JsonPart state;         // of the handler; null: none

    static TaskContext of(const store::StoredTask& task);
    std::string text() const;
};

}  // namespace tailops::mcp
