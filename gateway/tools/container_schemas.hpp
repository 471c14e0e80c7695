#pragma once

#include <string_view>

/// The schemas of the container tools (containers.cpp).
namespace tailops::tools::container_schemas {

inline constexpr std::string_view list_input = R"json({
  "type": "object",
  "properties": {
    "all": {"type": "boolean", "default": true, "description": "The stopped ones too"}
  },
  "additionalProperties": false
})json";

inline constexpr std::string_view list_output = R"json({
  "type": "object",
  "properties": {
    "containers": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {
          "id": {"type": "string", "description": "The first 12 digits"},
          "name": {"type": "string"},
          "status": {"type": "string", "description": "In words, e.g. Up 2 hours"},
          "state": {"type": "string", "description": "running, exited, paused, ..."},
          "image": {"type": "string"},
          "created": {"type": "string"},
          "ports": {"type": "array", "items": {"type": "string"}},
          "health": {"type": "string", "enum": ["healthy", "unhealthy", "starting"]},
          "compose": {
            "type": "object",
            "properties": {"project": {"type": "string"}, "service": {"type": "string"}}
          }
        },
        "required": ["id", "name", "status", "state", "image", "ports"]
      }
    },
    "count": {"type": "integer"},
    "truncated": {"type": "boolean", "description": "The policy's output limit hid further containers"},
    "success": {"type": "boolean", "description": "false when the engine refused"},
    "error": {"type": "string"}
  }
})json";

inline constexpr std::string_view inspect_input = R"json({
  "type": "object",
  "properties": {
    "name_or_id": {"type": "string", "maxLength": 128, "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
                   "description": "Name or id of the container", "examples": ["web"]}
  },
  "required": ["name_or_id"],
  "additionalProperties": false
})json";

inline constexpr std::string_view inspect_output = R"json({
  "type": "object",
  "properties": {
    "success": {"type": "boolean"},
    "error": {"type": "string"},
    "container": {"type": "string", "description": "As asked for, when there is none"},
    "id": {"type": "string"},
    "name": {"type": "string"},
    "status": {"type": "string"},
    "image": {"type": "string"},
    "created": {"type": "string"},
    "platform": {"type": "string"},
    "restart_count": {"type": "integer"},
    "state": {
      "type": "object",
      "properties": {
        "status": {"type": "string"}, "exit_code": {"type": "integer"}, "started_at": {"type": "string"},
        "finished_at": {"type": "string"}, "error": {"type": "string"}, "oom_killed": {"type": "boolean"},
        "health": {"type": "string"}
      }
    },
    "user": {"type": "string"},
    "working_directory": {"type": "string"},
    "entrypoint": {"type": "array", "items": {"type": "string"}},
    "command": {"type": "array", "items": {"type": "string"}},
    "env": {"type": "array", "items": {"type": "string"}, "description": "Names of the variables"},
    "env_values": {"type": "string", "const": "[redacted]"},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "compose": {
      "type": "object",
      "properties": {"project": {"type": "string"}, "service": {"type": "string"}}
    },
    "network_mode": {"type": "string"},
    "memory_limit_bytes": {"type": "integer", "description": "0: none"},
    "privileged": {"type": "boolean"},
    "restart_policy": {"type": "string"},
    "mounts": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {
          "type": {"type": "string"}, "name": {"type": "string"}, "source": {"type": "string"},
          "destination": {"type": "string"}, "writable": {"type": "boolean"}
        }
      }
    },
    "networks": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {
          "name": {"type": "string"}, "address": {"type": "string"}, "gateway": {"type": "string"}
        },
        "required": ["name"]
      }
    },
    "ports": {"type": "array", "items": {"type": "string"}}
  }
})json";

inline constexpr std::string_view logs_input = R"json({
  "type": "object",
  "properties": {
    "name_or_id": {"type": "string", "maxLength": 128, "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
                   "description": "Name or id of the container", "examples": ["web"]},
    "lines": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100,
              "description": "How many of the last lines"},
    "since": {"type": "string", "maxLength": 40, "description": "Only what was written later, RFC 3339",
              "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T", "examples": ["2026-01-31T12:00:00Z"]},
    "timestamps": {"type": "boolean", "default": false, "description": "Begin each line with its time"}
  },
  "required": ["name_or_id"],
  "additionalProperties": false
})json";

inline constexpr std::string_view logs_output = R"json({
  "type": "object",
  "properties": {
    "success": {"type": "boolean"},
    "error": {"type": "string"},
    "container": {"type": "string"},
    "lines": {"type": "integer", "description": "How many lines there are"},
    "logs": {"type": "string", "description": "Both streams, line by line; the beginning when that was too long"},
    "logs_tail": {"type": "string", "description": "The last lines, when it was too long"},
    "truncated": {"type": "boolean", "description": "Something is left out here"},
    "stdout_bytes": {"type": "integer", "description": "All of it"},
    "stdout_lines": {"type": "integer"},
    "run_id": {"type": "string", "description": "For read_output, when something is left out"},
    "read_more": {"type": "string", "description": "The resource that holds the whole text, in pages; `next` of one names the one that follows"},
    "not_kept": {"type": "string", "description": "Why that lacks the end"}
  }
})json";

inline constexpr std::string_view manage_input = R"json({
  "type": "object",
  "properties": {
    "action": {"type": "string", "enum": ["start", "stop", "restart"], "description": "What to do"},
    "name_or_id": {"type": "string", "maxLength": 128, "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
                   "description": "Name or id of the container", "examples": ["web"]},
    "grace_seconds": {"type": "integer", "minimum": 0, "maximum": 120, "default": 10,
                      "description": "How long it may take to end before it is killed; not for start"}
  },
  "required": ["action", "name_or_id"],
  "additionalProperties": false
})json";

inline constexpr std::string_view manage_output = R"json({
  "type": "object",
  "properties": {
    "success": {"type": "boolean"},
    "error": {"type": "string"},
    "container": {"type": "string"},
    "action": {"type": "string", "description": "started, stopped or restarted; as asked for when it failed"},
    "changed": {"type": "boolean", "description": "false when it was in that state already"}
  }
})json";

}  // namespace tailops::tools::container_schemas
