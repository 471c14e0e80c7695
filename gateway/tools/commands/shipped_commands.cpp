#include "gateway/tools/commands/commands.hpp"

namespace tailops::tools {

namespace {

// A copy of deploy/commands.yaml, which a unit test holds to it byte for byte.
constexpr std::string_view text =
    R"yaml(# The commands that execute_command can run: copy this file to /etc/tailops/commands.yaml and edit it.
# docs/commands.md has the format. A parameter {name} is handed over as an argument of its own, never
# as text of a command line; its value never begins with "-". What reads logs needs logs:read, what takes a
# path file:read, and who may log in and did is security:read, so that no command is a way around a rule.
commands:
  # --- system ---------------------------------------------------------------------------------------
  - name: hostname
    description: "Show the machine's host name"
    command_template: hostname
    category: system
  - name: uptime
    description: "Show how long the machine has been up, and its load"
    command_template: uptime
    category: system
  - name: whoami
    description: "Show the account that commands run as"
    command_template: whoami
    category: system
  - name: uname
    description: "Show the kernel's name, version and architecture"
    command_template: uname -a
    category: system
  - name: date
    description: "Show the machine's date and time"
    command_template: date
    category: system
  - name: timezone
    description: "Show the machine's time zone"
    command_template: timedatectl 2>/dev/null | grep "Time zone" || date +%Z
    category: system
  - name: memory_usage
    description: "Show how much memory and swap is used"
    command_template: free -h
    category: system
  - name: memory_detailed
    description: "Show the first lines of the kernel's memory statistics"
    command_template: cat /proc/meminfo | head -20
    category: system

  # --- disk -----------------------------------------------------------------------------------------
  - name: disk_usage
    description: "Show how full each file system is"
    command_template: df -h
    category: disk
  - name: disk_usage_path
    description: "Show the size of a directory"
    command_template: du -sh {path}
    category: disk
    capability: "file:read"
    parameters:
      path: "Directory to measure"
    example_usage: "Check the size of /var/log"
  - name: disk_inodes
    description: "Show how many inodes each file system has left"
    command_template: df -i
    category: disk
  - name: largest_files
    description: "Show the ten largest files below a directory, in KiB"
    command_template: find {path} -type f -exec du -k {} + 2>/dev/null | sort -rn | head -10
    category: disk
    capability: "file:read"
    parameters:
      path: "Directory to search"
    example_usage: "Find the largest files in /var"

  # --- process --------------------------------------------------------------------------------------
  - name: top_processes
    description: "Show the ten processes that use the most CPU"
    # Where ps cannot sort (busybox), top does.
    command_template: ps aux --sort=-%cpu 2>/dev/null | head -11 | grep . || top -b -n 1 | tail -n +4 | head -11
    category: process
  - name: top_memory_processes
    description: "Show the ten processes that use the most memory"
    command_template: >-
      ps aux --sort=-%mem 2>/dev/null | head -11 | grep . ||
      (echo "KB PID NAME"; cat /proc/[0-9]*/status 2>/dev/null |
      awk '$1=="Name:" {n=$2} $1=="Pid:" {p=$2} $1=="VmRSS:" {print $2, p, n}' | sort -rn | head -10)
    category: process
  - name: process_count
    description: "Count the processes"
    command_template: ps aux | wc -l
    category: process
  - name: process_tree
    description: "Show the tree of processes"
    command_template: pstree -p | head -50
    category: process

  # --- network --------------------------------------------------------------------------------------
  - name: network_interfaces
    description: "Show the network interfaces and their addresses"
    command_template: ip addr show
    category: network
  - name: listening_ports
    description: "Show the ports that something listens on"
    command_template: ss -tulpn
    category: network
  - name: network_connections
    description: "Show the first network connections"
    command_template: ss -tunapl | head -20
    category: network
  - name: network_stats
    description: "Show traffic counters of the network interfaces"
    command_template: ip -s link
    category: network
  - name: dns_servers
    description: "Show the resolver's configuration"
    command_template: cat /etc/resolv.conf
    category: network
  - name: routing_table
    description: "Show the routes"
    command_template: ip route
    category: network

  # --- service --------------------------------------------------------------------------------------
  - name: service_status
    description: "Show the state of a service; service_logs has what it says"
    command_template: systemctl status {service_name} --lines=0 --no-pager
    category: service
    parameters:
      service_name: "Name of the systemd unit"
    example_usage: "Is nginx running?"
  - name: failed_services
    description: "Show the services that failed"
    command_template: systemctl --failed --no-pager
    category: service
  - name: active_services
    description: "Show the services that run"
    command_template: systemctl list-units --type=service --state=active --no-pager | head -30
    category: service
  - name: service_logs
    description: "Show the last log lines of a service"
    command_template: journalctl -u {service_name} -n 50 --no-pager
    category: service
    capability: "logs:read"
    parameters:
      service_name: "Name of the systemd unit"
    example_usage: "Show the logs of nginx"

  # --- docker ---------------------------------------------------------------------------------------
  - name: docker_ps
    description: "Show the running containers"
    command_template: docker ps --format 'table {{.Names}}\t{{.Status}}\t{{.Ports}}'
    category: docker
  - name: docker_ps_all
    description: "Show all containers, the stopped ones too"
    command_template: docker ps -a --format 'table {{.Names}}\t{{.Status}}\t{{.Image}}'
    category: docker
  - name: docker_stats
    description: "Show what the running containers use"
    command_template: docker stats --no-stream --format 'table {{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}'
    category: docker
  - name: docker_images
    description: "Show the images"
    command_template: docker images --format '{{.Repository}}\t{{.Tag}}\t{{.Size}}'
    category: docker
  - name: docker_logs
    description: "Show the last log lines of a container"
    command_template: docker logs --tail 50 {container_name}
    category: docker
    capability: "logs:read"
    parameters:
      container_name: "Name of the container"
    example_usage: "Show the logs of the web container"
  - name: docker_volumes
    description: "Show the volumes"
    command_template: docker volume ls
    category: docker
  - name: docker_networks
    description: "Show the container networks"
    command_template: docker network ls
    category: docker

  # --- logs -----------------------------------------------------------------------------------------
  - name: syslog_recent
    description: "Show the last lines of the system log"
    command_template: tail -n 50 /var/log/syslog 2>/dev/null || journalctl -n 50 --no-pager
    category: system
    capability: "logs:read"
  - name: auth_log
    description: "Show the last lines of the log of logins"
    command_template: tail -n 30 /var/log/auth.log 2>/dev/null || journalctl -u ssh -n 30 --no-pager
    category: system
    capability: "logs:read"
  - name: dmesg_recent
    description: "Show the last messages of the kernel"
    command_template: dmesg | tail -30
    category: system
    capability: "logs:read"

  # --- security audit -------------------------------------------------------------------------------
  - name: logged_in_users
    description: "Show who is logged in"
    command_template: who
    category: system
    capability: "security:read"
  - name: last_logins
    description: "Show the last ten logins"
    command_template: last -n 10
    category: system
    capability: "security:read"
  - name: sudo_users
    description: "Show who may use sudo"
    command_template: getent group sudo
    category: system
    capability: "security:read"
)yaml";

}  // namespace

std::string_view shipped_commands_text()
{
    return text;
}

}  // namespace tailops::tools
