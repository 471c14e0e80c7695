#pragma once

#include "tests/support/source_dir.hpp"
#include "tests/support/sshd.hpp"

namespace tailops::testing {

/// What fake_tailscale_ssh.py beside this file says: not tailscaled, but as tailscaled was seen.
class FakeTailscaleSsh final : public SshServer {
public:
    FakeTailscaleSsh()
    {
        host_public_key_ = make_key("host") + ".pub";
        // Debian's own, for which asyncssh is packaged.
        start({"/usr/bin/python3", source_file("tests/support/fake_tailscale_ssh.py"),
               std::to_string(port_), file("host")});
    }
};

}  // namespace tailops::testing
