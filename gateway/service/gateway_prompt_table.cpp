#include "gateway/service/gateway_prompt_table.hpp"

namespace tailops::service {
namespace {

PromptArgument target()
{
    return {.name = "target", .description = "The id of the machine, as list_targets gives it"};
}

PromptRow backup_planning()
{
    return {
        .name = "backup_planning",
        .title = "Plan backups",
        .description = "What on a machine must be backed up, how, and how to get it back",
        .arguments = {target()},
        .opening = "Plan the backups of {target}. Look first, change nothing.",
        .steps =
            {{{"get_system_status"}, "get_system_status on {target}: disks, their size and use."},
             {{"get_container_list"}, "get_container_list on its Docker engine: what runs there."},
             {{"inspect_container"},
              "inspect_container for each: volumes and bind mounts hold the "
              "state; images do not."},
             {{"file_operations"},
              "file_operations (list) on the folders of configuration and data."},
             {{},
              "For each thing that holds state: how much may be lost, how long may it be away."}},
        .closing =
            "Then give me: a table of what, where to, how often and how long it is kept; the "
            "steps to restore each; and how a restore is tried out. Say what you could not see."};
}

PromptRow health_check()
{
    return {
        .name = "health_check",
        .title = "Check a machine's health",
        .description = "A quick look at a machine, and a verdict",
        .arguments = {target(),
                      {.name = "service", .description = "A service to look at more closely"}},
        .opening = "Check the health of {target}. Only look.",
        .steps = {{{"test_target"}, "test_target {target}: can it be reached at all?"},
                  {{"get_system_status"}, "get_system_status: load, memory, disks, uptime."},
                  {{"get_top_processes"}, "get_top_processes: who takes processor and memory."},
                  {{"get_network_status"}, "get_network_status: interfaces, errors, connections."},
                  {{"get_container_list"},
                   "get_container_list on its Docker engine: what is not "
                   "running, or not healthy."},
                  {{"get_container_logs"},
                   "get_container_logs (tail 100) of whatever looks wrong."},
                  {{"list_commands", "execute_command"},
                   "list_commands, then execute_command for the state and the log of the service "
                   "{service}."}},
        .closing =
            "Then say healthy, degraded or critical in the first line, and the findings that led "
            "to it, worst first, each with what to do."};
}

PromptRow investigate_high_usage()
{
    return {
        .name = "investigate_high_usage",
        .title = "Find what is using a machine up",
        .description = "From high load to its cause",
        .arguments = {target()},
        .opening = "{target} is busy. Find out why. Change nothing before I agree.",
        .steps =
            {{{"get_system_status"},
              "get_system_status: which of processor, memory, disk is short?"},
             {{"get_top_processes"}, "get_top_processes, sorted by what is short."},
             {{"get_container_list"},
              "get_container_list: which container does the process belong to?"},
             {{"get_container_logs"},
              "get_container_logs of that container around the time it began."},
             {{"list_commands", "execute_command"},
              "list_commands, then execute_command for what else you need: disk use, open files."},
             {{}, "Tell apart what is the cause and what only suffers from it."}},
        .closing =
            "Then give me the cause, how sure you are of it, what to do now and what keeps it from "
            "coming back."};
}

PromptRow network_audit()
{
    return {
        .name = "network_audit",
        .title = "Audit a machine's network",
        .description = "What a machine listens on, talks to, and should not",
        .arguments = {target()},
        .opening = "Audit the network of {target}. Only look.",
        .steps =
            {{{"get_network_status"},
              "get_network_status: interfaces, addresses, listening ports, "
              "connections."},
             {{"get_top_processes"},
              "get_top_processes: which program is behind each listening port."},
             {{"get_container_list"}, "get_container_list: published ports of containers."},
             {{"inspect_container"},
              "inspect_container: networks, and ports bound to all addresses."},
             {{"list_commands", "execute_command"},
              "list_commands, then execute_command for name resolution, routes and the tailnet."}},
        .closing =
            "Then give me: what listens where and for whom, what should not be open, and the "
            "firewall rules that you would propose."};
}

PromptRow performance_analysis()
{
    return {
        .name = "performance_analysis",
        .title = "Analyse performance",
        .description = "Where a machine spends its time, and what would help",
        .arguments = {target()},
        .opening = "Analyse the performance of {target}. Only look.",
        .steps = {{{"get_system_status"}, "get_system_status twice, some time apart: what grows?"},
                  {{"get_top_processes"},
                   "get_top_processes: the ten by processor and the ten by memory."},
                  {{"get_network_status"}, "get_network_status: traffic and errors by interface."},
                  {{"get_container_list"}, "get_container_list: what the containers are."},
                  {{"list_commands", "execute_command"},
                   "list_commands, then execute_command for disk activity and swap."}},
        .closing =
            "Then name the bottleneck first, with the figures that show it, and at most five "
            "improvements in the order of what they bring."};
}

PromptRow plan_stack_deployment()
{
    return {
        .name = "plan_stack_deployment",
        .title = "Plan a stack's deployment",
        .description = "From a repository with a compose file to a plan with a way back",
        .arguments =
            {{.name = "repo_url", .description = "The repository of the stack", .required = true},
             {.name = "stack_name", .description = "What the stack is called", .required = true},
             target()},
        .opening =
            "Plan the deployment of the stack {stack_name} from {repo_url} on {target}. Deploy "
            "nothing yet.",
        .steps =
            {{{"get_container_list"}, "get_container_list: names and ports that are taken."},
             {{"get_system_status"}, "get_system_status: is there room for it?"},
             {{"inspect_container"},
              "inspect_container of an earlier deployment, if there is one."},
             {{},
              "Review the compose file: images with fixed versions, no privileged containers, no "
              "secrets in the text, ports bound to the addresses that need them."},
             {{}, "Plan the steps, the check after each, and the way back."}},
        .closing =
            "Then give me: a checklist, the environment variables that it needs without their "
            "values, and what must be approved."};
}

PromptRow security_audit()
{
    return {
        .name = "security_audit",
        .title = "Audit a machine's security",
        .description = "What is exposed, who tried to get in, what runs with too many rights",
        .arguments = {target()},
        .opening = "Audit the security of {target}. Only look.",
        .steps = {{{"file_operations"},
                   "file_operations (tail, search) on the authentication log: failed "
                   "and unusual logins."},
                  {{"get_network_status"}, "get_network_status: what listens beyond loopback."},
                  {{"get_container_list"}, "get_container_list on its Docker engine."},
                  {{"inspect_container"},
                   "inspect_container: root users, privileged mode, host mounts, the "
                   "engine's socket inside."},
                  {{"get_top_processes"}, "get_top_processes: programs that do not belong there."},
                  {{"list_commands", "execute_command"},
                   "list_commands, then execute_command for users, updates and open files."}},
        .closing =
            "Then list the findings by severity, each with its evidence and the remedy. Say what "
            "you were not allowed to see."};
}

PromptRow setup_inventory()
{
    return {
        .name = "setup_inventory",
        .title = "Take stock",
        .description = "What there is: machines, what they are for, what runs on them",
        .arguments = {},
        .opening = "Help me to take stock of what this gateway reaches.",
        .steps = {{{"whoami"}, "whoami: what you may see at all."},
                  {{"list_targets"}, "list_targets: every target, its tags and its state."},
                  {{"test_target"}, "test_target for those whose state is unknown."},
                  {{"get_system_status"}, "get_system_status for each machine: system, size, age."},
                  {{"get_container_list"}, "get_container_list for each Docker engine."},
                  {{}, "Ask me about what you cannot see: what each is for, who depends on it."}},
        .closing =
            "Then give me one table of machines and one of services, and the tags and environments "
            "that you would add to targets.yaml."};
}

PromptRow troubleshoot_container()
{
    return {
        .name = "troubleshoot_container",
        .title = "Find out what is wrong with a container",
        .description = "From its state and its logs to the cause",
        .arguments = {{.name = "container_name", .description = "The container", .required = true},
                      target()},
        .opening =
            "The container {container_name} on {target} does not work as it should. Find out why. "
            "Restart nothing before I agree.",
        .steps = {{{"get_container_list"},
                   "get_container_list: its state, and that of what it depends on."},
                  {{"inspect_container"},
                   "inspect_container {container_name}: exit code, restarts, health, "
                   "mounts, ports, limits."},
                  {{"get_container_logs"},
                   "get_container_logs {container_name} (tail 200): the first error, "
                   "not the last."},
                  {{"get_system_status"}, "get_system_status of its machine: memory and disk."}},
        .closing =
            "Then give me the cause with its evidence, the steps to mend it, and what keeps it "
            "from "
            "coming back."};
}

}  // namespace

const std::vector<PromptRow>& prompt_table()
{
    static const std::vector<PromptRow> rows{
        backup_planning(), health_check(),         investigate_high_usage(),
        network_audit(),   performance_analysis(), plan_stack_deployment(),
        security_audit(),  setup_inventory(),      troubleshoot_container()};
    return rows;
}

}  // namespace tailops::service
