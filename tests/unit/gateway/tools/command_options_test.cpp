#include "gateway/tools/commands/command_template.hpp"
#include "tests/unit/gateway/tools/template_neighbours.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace tailops::tools {
namespace {

using ::testing::HasSubstr;
using Type = CommandParameter::Type;

const std::vector<CommandParameter>& parameters()
{
    static const std::vector<CommandParameter> list = [] {
        std::vector<CommandParameter> out(4);
        const std::array names = {"path", "name", "count", "text"};
        const std::array types = {Type::path, Type::name, Type::integer, Type::text};
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i].name = names.at(i);
            out[i].type = types.at(i);
        }
        return out;
    }();
    return list;
}

void expect(const Neighbours& row)
{
    for (const auto* text : row.refused) {
        const auto compiled = compile_template(text, parameters());
        EXPECT_FALSE(compiled) << text;
        if (!compiled) {
            EXPECT_TRUE(compiled.error().can_be_trusted) << text;
        }
    }
    for (const auto* text : row.allowed) {
        const auto compiled = compile_template(text, parameters());
        EXPECT_TRUE(compiled) << text << ": " << compiled.error().text;
    }
}

TEST(CommandOptions, AScriptIsFoundBehindEveryKindOfOption)
{
    // GNU sed's -l takes a number, others' takes none.
    expect(
        {{"sed -l 72 e {path}", "sed -nl 5 e {path}", "sed -l5 p {path}", "sed -a p {path}",
          "sed --line-length 5 e {path}", "sed --line-length=5 e {path}", "sed -ee {path}",
          "sed -nee {path}", "sed -e p -e e {path}", "sed --expression=e {path}",
          "sed --expression e {path}", "sed --expr=p {path}", "sed -ne {text} x",
          "sed -n -- e {path}", "sed -n -f /x {path}", "sed -nf /x {path}", "sed $X p {path}"},
         {"sed -n -e p {path}", "sed -nep {path}", "sed -sn p {path}", "sed -i s/a/b/ {path}",
          "sed -i.bak s/a/b/ {path}", "sed -ni.e p {path}", "sed --in-place=.e p {path}",
          "sed --expression=p {path}", "sed --quiet -E 's/a+/b/' {path}", "sed -n p -- {path}"}});
    expect(
        {{"awk --field-separator : '{system($1)}' {path}", "awk --assign x=1 '{system($0)}' {path}",
          "gawk --lint 1 {path}", "gawk --include x 1 {path}", "gawk -e '{ print }' {path}",
          "gawk -i inplace 1 {path}", "gawk -l readfile 1 {path}", "gawk -E /x {path}",
          "gawk -o /x 1 {path}", "gawk -d/x 1 {path}", "mawk -W exec {path}", "mawk -Wexec {path}",
          "awk -v x=1 '{system($1)}' {path}", "awk -F : -- '{system($1)}' {path}",
          "awk -v x=$X 1 {path}", "awk -F {text} 1 x", "awk --file=/x {path}"},
         {"awk -F : '{print $1}' {path}", "awk -F: -v x=1 '{print $x}' {path}",
          "awk -vx=1 1 {path}", "gawk --field-separator=: '{print $1}' {path}",
          "gawk --assign=x=1 '{print x}' {path}", "awk -F : -- '{print $1}' {path}"}});
}

TEST(CommandOptions, AnAwkProgramThatWritesIsRefused)
{
    expect({{"awk '{print $2 > $1}' {path}",
             "awk '{print $2 >> $1}' {path}",
             "awk '{print>$1}' {path}",
             "awk '{printf \"%s\", $2 > $1}' {path}",
             "awk '{printf(\"%s\", $2) > $1}' {path}",
             "awk '{print ($2 > 1) > $1}' {path}",
             "awk '{if ($2 > 1) print > $1}' {path}",
             "awk '{print $1,\n$2 > $3}' {path}",
             "awk '{print > \"/tmp/x\" $1}' {path}",
             "awk '{print | $1}' {path}",
             "awk '{print |& $1}' {path}",
             "awk '/\"/ {print > $1} /\"/' {path}",
             "awk '{x = \"/\"; print > $1; y = \"/\"}' {path}",
             "awk '{x = 1 / 2; print > $1; y = 1 / 2}' {path}",
             "awk '{if (x) /\"/; print > $1; /\"/}' {path}",
             "awk '/[/]\"/ {print > $1} /\"/' {path}",
             "awk '/[[:digit:]/\"]/ {print > $1} /\"/' {path}",
             "awk '# \"\n{print > $1}' {path}",
             "awk '{print \"\\\\\" > $1}' {path}",
             "awk '{@f($1)}' {path}"},
            {"awk '$1 > 5' {path}", "awk '$1 > 5 {print $2}' {path}",
             "awk '{print ($1 > 5)}' {path}", "awk '{if ($1 >= 5) print $2; x = $3 > 4}' {path}",
             "awk '$1 > 5 || /[a-z]+>/ {print \"a > b | c\"}' {path}",
             "awk '{print $1 / 2, NF/2} # > here' {path}",
             "awk '/[[:digit:]]+/ {n++} END {print n}' {path}",
             "awk '{ print } $1 > 5 {print $2}' {path}"}});
}

TEST(CommandOptions, WhatAValueDecidesIsNotWrittenRunOrObeyed)
{
    expect(
        {{"curl -s -O {text}", "curl -sO {text}", "curl --remote-name {text}",
          "curl --remote-n {text}", "curl --remote-name-all {text}", "curl -OJ {text}",
          "curl -J -o /tmp/x {text}", "curl --output-dir /tmp {text}", "curl -o '/tmp/#1' {text}",
          "curl --expand-output x {text}", "curl --ssl-sessions {path}",
          "cat {path} | curl -s -K -", "cat {path} | curl -sK- x", "cat {path} | curl --config -",
          "cat {path} | curl --conf /dev/stdin", "cat {path} | curl -K /proc/self/fd/0",
          "cd {path} && curl -K x", "cat {path} | curl -w @- http://x"},
         {"curl -s https://{name}", "curl -so /tmp/x http://x/{name}",
          "curl -o /dev/null -w x --proto =https {text}", "curl -K /etc/curl.conf https://x/{name}",
          "curl -uOper https://{name}", "curl -sS --output /tmp/x https://{name}",
          "curl --remote-time -o /tmp/x https://{name}"}});
    expect(
        {{"wget {text}", "wget -q {text}", "wget -r {text}", "wget -O {path} http://x",
          "wget --rejected-log {path} -O- http://x", "wget --hsts-file {path} -O- http://x",
          "wget --warc-tempdir {path} -O - http://x", "cat {path} | wget -i -",
          "cd {path} && wget --use-askpass=x -O- http://x", "cd {path} && wget --config=x -O- y"},
         {"wget -qO- {text}", "wget -q -O - {text}", "wget -O /tmp/x {text}",
          "wget --output-document=/tmp/x {text}", "wget --spider {text}"}});
    expect({{"journalctl --cursor-file {path}",
             "journalctl -n 1 --cursor-f {path}",
             "journalctl --image {path}",
             "cat {path} | xargs journalctl -n 1 -u",
             "pidstat -e {name}",
             "cd {path} && pidstat -e ./x",
             "file -C -m {path}",
             "sar -o {path}",
             "ss -D {path}",
             "blkid -c {path}",
             "arp -f {path}",
             "tree -R {path}",
             "uniq /x {path}",
             "uniq {path} {path}",
             "uniq -f 1 /x {path}",
             "xxd -r /x {path}",
             "sort -T {path} x",
             "cd {path} && sort --compress-program ./x y",
             "cd {path} && sort --comp=x y",
             "split --filter 'x' {path}"},
            {"journalctl --since {text}", "pidstat -p {count}", "file {path}", "file -b {path}",
             "uniq -c {path}", "uniq -f 1 {path}", "xxd -l 16 {path}", "ss -tn dst {name}",
             "sort -k 2 {path}", "tree -L 2 {path}", "blkid {path}"}});
    expect({{"cat {path} | sysctl -p -", "cat {path} | sysctl -p", "sysctl -p {name}",
             "sysctl --load {name}", "sysctl --sys {name}", "ip link set {name} xdp obj {name}",
             "ip link set eth0 xdp obj {name}", "ip link set eth0 xdpgeneric pinned {name}",
             "ip route add default encap bpf in obj {name}",
             "ip link set eth0 {name} {name} {name}", "cd {path} && ip link set eth0 xdp obj x"},
            {"sysctl -n {name}", "cat {path} | sysctl -n kernel.x", "ip link set {name} up",
             "ip link set dev {name} mtu {count}", "ip route get {name}",
             "ip neigh show dev {name}"}});
    expect({{"cat {path} | tar cf /x -T -", "cat {path} | tar cfT /x -",
             "tar --files-from=x -C {path} -cf y", "cd {path} && tar -I ./x -xf y",
             "cd {path} && tar --checkpoint-action=exec=./x -cf y .", "tar -g {path} -cf x y",
             "cd {path} && tar --to-com=./x -xf y", "tar --index-file {path} -xf x"},
            {"tar -tf {path}", "tar -xzf /x -C {path}", "tar --file=/x -C {path} -t",
             "tar --list --file {path}", "tar czf /x {path}", "cat {path} | tar tf -"}});
}

TEST(CommandOptions, WhatIsObeyedIsAFileThatTheTemplateNames)
{
    expect({{"cat {path} | ssh -F /dev/stdin db ls", "cd {path} && ssh -F x db ls",
             "cd {path} && ssh -vFx db ls", "cd {path} && ssh -I ./x db ls",
             "cat {path} | kubectl --kubeconfig /dev/stdin get pods",
             "cd {path} && kubectl get pods --kubeconfig=x", "cd {path} && docker --config . ps",
             "cat {path} | apt-cache -c /dev/stdin policy", "cat {path} | apt list -c /dev/stdin",
             "cd {path} && curl --engine ./x http://x"},
            {"cat {path} | ssh -F /etc/x db ls", "kubectl --kubeconfig /etc/k logs {name}",
             "docker --config /etc/d logs {name}", "ssh -vp 22 db ls {name}"}});
    expect(
        {{"cd {path} && PATH=. ls", "PATH=.:/bin; cd {path} && ls", "cd {path} && PATH=:/bin ls",
          "export PATH=$PATH:.; cd {path} && ls", "cd {path} && LD_PRELOAD=./x.so ls",
          "cd {path} && env LD_PRELOAD=x ls", "cat {path} | WGETRC=/dev/stdin wget -O- http://x"},
         {"PATH=/usr/sbin:$PATH ls {path}", "export PATH=\"$PATH:/sbin\"; ls {path}",
          "LC_ALL=C ls {path}", "LD_LIBRARY_PATH=/opt/lib ls {path}"}});
}

TEST(CommandOptions, NamesOfFilesThatAValueDecidesAreNoOptions)
{
    expect({{"cd {path} && tar cf /dev/null *", "cd {path} && sed p *", "cd {path} && wget -O- *",
             "cd {path} && sort *", "cd {path} && curl *", "cd {path} && ls -l *.txt",
             "cd {path}; cat ?", "cd {path} && cat [a-z]", "cd {path} && cat {*,x}",
             "command cd {path} && cat *", "X=*; cd {path}; sort $X", "X='*'; cd {path}; sort $X",
             ": ${X:=*}; cd {path}; sort $X", "xz -d {path}; sort *",
             "cp {path} /x && cd /x && cat *", "mv {path} *", "cd {path} && ssh db echo *",
             "cd {path} && ssh db echo ./*", "cat {path} | ssh db cat \\| sh"},
            {"cd {path} && ls -l ./*.txt", "cd {path} && grep {text} ./*", "cd {path} && cat '*'",
             "cd /var/log && grep -l {text} *.log", "cd {path} && cat /etc/*-release",
             "cat {path} | ssh db grep x"}});
}

TEST(CommandOptions, NothingChangesWhatTheShellMakesOfValues)
{
    expect({{"shift 1; nice -n {count} echo; ls {text}",
             "shift; ls {count} {path}",
             "command shift 1; ls {path}",
             "\\shift; ls {path}",
             "set x y; ls {path}",
             "set -- x; ls {count}",
             "eval x; ls {count}",
             ". /x; ls {count}",
             "source /x; ls {path}",
             "command . /x; ls {path}",
             "exec 3< /x; ls {path}",
             "exec < /x; ls {path}",
             "getopts a x; ls {path}",
             "read x < /y; ls {path}",
             "read x; ls {count}",
             "alias ls=x; ls {path}",
             "builtin shift; ls {path}",
             "unset x; ls {path}",
             "if true; then shift; fi; ls {path}",
             "time shift; ls {path}",
             "ls {path}; shift",
             "mapfile < /x; ls {path}"},
            {"exec ls {path}", "command -v ls && ls {path}", "command ls {path}",
             "umask 22; ls {path}", "export LC_ALL=C; ls {path}", "ls shift {path}"}});
    EXPECT_TRUE(compile_template("shift; set -- x; read y", parameters())) << "no value in it";
}

TEST(CommandTemplate, RefusesANulByte)
{
    const std::string_view text{"echo one; echo \0two", 19};
    for (const auto trust : {Trust::none, Trust::given}) {
        const auto compiled = compile_template(text, parameters(), trust);
        ASSERT_FALSE(compiled);
        EXPECT_EQ(compiled.error().offset, 15U);
        EXPECT_THAT(compiled.error().text, HasSubstr("NUL"));
    }
}

TEST(CommandOptions, NoAddressOfCurlIsAFile)
{
    expect({{"curl {text}", "curl -s {text}", "curl --silent {text}", "curl --url {text}",
             "curl {path}", "curl -d {text} https://x", "curl --data-binary {text} https://x",
             "curl -H {text} https://x", "curl -b {text} https://x", "curl --json {text} https://x",
             "curl -F {text} https://x", "curl -T {text} https://x", "curl -sSd {text} https://x",
             "curl --proto =all {text}", "curl --proto http {text}",
             "curl --proto =https,file {text}", "echo {text} | xargs curl"},
            {"curl https://x/{name}", "curl {name}", "curl --url https://x/{name}",
             "curl -d a={name} https://x", "curl -d {name} https://x",
             "curl --data-raw {text} https://x", "curl -H X-Name:{name} https://x",
             "curl -X {name} https://x", "curl -u {text} https://x", "curl -T {path} https://x",
             "curl --form-string {text} https://x", "curl --proto =https {text}",
             "curl --proto =http,https -s {text}", "curl -m {count} https://x"}});
}

TEST(CommandOptions, AnAddressIsOneOfTheWebByItsPattern)
{
    const auto fits = [](const char* pattern) {
        CommandParameter url;
        url.name = "url";
        url.type = Type::text;
        url.pattern = pattern;
        return compile_template("curl -s {url}", {url}).has_value();
    };
    for (const auto* web : {"https://.+", "^https?://[a-z.]+/.*", "http://api/.*"}) {
        EXPECT_TRUE(fits(web)) << web;
    }
    for (const auto* other :
         {"", ".*https://.*", "https://.+|file://.+", "(?i)https://.+", "ftp://.+"}) {
        EXPECT_FALSE(fits(other)) << other;
    }
}

TEST(CommandOptions, NoWordOfPsIsAnOption)
{
    expect({{"ps {text}", "ps {name}", "ps aux {name}", "ps -o {text}", "top -b -n 1 {name}",
             "echo {name} | xargs ps", "ps {text} -p 1"},
            {"ps -p {text}", "ps -C {name}", "ps -u {name} -o pid", "ps --pid {text}", "ps {count}",
             "ps -fp 1", "top -b -n 1 -p {count}", "ps aux | grep {text}"}});
}

}  // namespace
}  // namespace tailops::tools
