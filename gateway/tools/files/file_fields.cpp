#include "gateway/tools/files/file_fields.hpp"

namespace tailops::tools::files {
namespace {

constexpr std::array<std::string_view, 2> file_types = {"object", "string"};
constexpr kit::Rules file_rules{.types = file_types};

}  // namespace

void FileWanted::fields(kit::Fields& f, FileWanted& s)
{
    f("action", s.action,
      "list a directory; info about one file; read lines from an offset; tail: the last lines; "
      "search file names below a directory",
      {.required = true});
    f("path", s.path, "Absolute, inside a directory that the target allows",
      {.required = true,
       .shortest = 1,
       .longest = 4096,
       .pattern = "^/",
       .example = "/var/log/syslog"});
    f("lines", s.lines, "How many lines to read, or entries to list", {.min = 1, .max = 5000});
    f("offset", s.offset, "How many lines or entries to skip (read, list)",
      {.min = 0, .max = 1'000'000'000});
    f("pattern", s.pattern, "File names to search for, with * ? and [...]",
      {.shortest = 1, .longest = 255, .example = "*.log"});
}

void OtherEntry::fields(kit::Fields& f, OtherEntry& s)
{
    f("name", s.name);
    f("type", s.type);
}

void FileAnswer::fields(kit::Fields& f, FileAnswer& s)
{
    f("success", s.success);
    f("error", s.error);
    f("allowed_paths", s.allowed_paths);
    f("action", s.action);
    f("path", s.path);
    f("opened", s.opened, "Where the path leads, when links lead it elsewhere");
    f("exists", s.exists);
    f("type", s.type);
    f("size", s.size);
    f("modified", s.modified);
    f("changed", s.changed, "When its content or its attributes last changed");
    f("created", s.created, "Where the file system tells it");
    f("permissions", s.permissions, "Octal");
    f("owner_uid", s.owner_uid);
    f("group_gid", s.group_gid);
    f("owner", s.owner);
    f("group", s.group);
    f("links", s.links);
    f("link_target", s.link_target);
    f("total", s.total, "Entries of the directory");
    f("files", s.files, "list: objects with name, size, modified; search: paths",
      {.of_items = &file_rules});
    f("directories", s.directories);
    f("others", s.others, "Symbolic links, sockets, pipes, devices");
    f("total_lines", s.total_lines, "Absent for files over 256 MiB");
    f("offset", s.offset);
    f("lines_returned", s.lines_returned);
    text_fields(
        f, s.content,
        {.name = "content",
         .text = "Its beginning when that was too long; for tail its end",
         .tail = "The end of what was asked for, when that was too long",
         .bytes = "What was asked for, all of it",
         .read_more = "The resource that holds all that was asked for, in pages; `next` of one "
                      "names the one that follows"});
    f("binary", s.binary, "The content is no text; odd bytes were replaced");
    f("has_more", s.has_more);
    f("pattern", s.pattern);
    f("directory", s.directory);
    f("count", s.count);
    f("withheld", s.withheld, "So many names are not told: the policy or the gateway closes them");
}

}  // namespace tailops::tools::files
