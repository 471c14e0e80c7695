#pragma once

#include "tests/support/sshd.hpp"

// libssh/callbacks.h uses these without including them.
#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace tailops::bench {

/// What libssh can do with nothing around it: one session, logged in blocking, then one thread and
/// libssh's own event loop. The floor for what ours costs.
class BareSession {
public:
    explicit BareSession(const testing::SshServer& server) : session_{ssh_new()}
    {
        const int port = server.port();
        const int yes = 1;
        const int no = 0;
        const auto& user = testing::LoginUser::get().name;
        ssh_options_set(session_, SSH_OPTIONS_PROCESS_CONFIG, &no);
        ssh_options_set(session_, SSH_OPTIONS_HOST, "127.0.0.1");
        ssh_options_set(session_, SSH_OPTIONS_PORT, &port);
        ssh_options_set(session_, SSH_OPTIONS_USER, user.c_str());
        ssh_options_set(session_, SSH_OPTIONS_NODELAY, &yes);
        ssh_options_set(session_, SSH_OPTIONS_CIPHERS_C_S, "aes128-gcm@openssh.com");
        ssh_options_set(session_, SSH_OPTIONS_CIPHERS_S_C, "aes128-gcm@openssh.com");
        ssh_key key = nullptr;
        const bool is_in = ssh_connect(session_) == SSH_OK &&
                           ssh_pki_import_privkey_file(server.user_key().c_str(), nullptr, nullptr,
                                                       nullptr, &key) == SSH_OK &&
                           ssh_userauth_publickey(session_, nullptr, key) == SSH_AUTH_SUCCESS;
        ssh_key_free(key);
        if (!is_in) throw std::runtime_error{ssh_get_error(session_)};
        ssh_set_blocking(session_, 0);
        ssh_set_counters(session_, &received_, nullptr);
        event_ = ssh_event_new();
        ssh_event_add_session(event_, session_);
    }
    BareSession(const BareSession&) = delete;
    BareSession& operator=(const BareSession&) = delete;
    ~BareSession()
    {
        ssh_event_free(event_);
        ssh_disconnect(session_);
        ssh_free(session_);
    }

    /// Runs `line` `count` times, `lanes_count` at once; each must exit 0.
    void run(const std::string& line, int lanes_count, int count)
    {
        std::vector<std::unique_ptr<Lane>> lanes;
        for (int i = 0; i < lanes_count; ++i) lanes.push_back(std::make_unique<Lane>());
        int started = 0;
        int done = 0;
        for (;;) {
            const auto before = received_.in_bytes;
            for (auto& lane : lanes) step(*lane, line, count, started, done);
            if (done == count) return;
            // A step may have taken in what another lane waits for.
            const int patience_ms = received_.in_bytes == before ? 10'000 : 0;
            if (ssh_event_dopoll(event_, patience_ms) == SSH_ERROR) {
                throw std::runtime_error{ssh_get_error(session_)};
            }
        }
    }

private:
    struct Lane {
        enum class State { idle, opening, asking, running } state{State::idle};
        ssh_channel channel{nullptr};
        ssh_channel_callbacks_struct callbacks{};
        int status{-1};
        bool closed{false};

        Lane()
        {
            ssh_callbacks_init(&callbacks);
            callbacks.userdata = this;
            callbacks.channel_close_function = [](ssh_session, ssh_channel, void* self) {
                static_cast<Lane*>(self)->closed = true;
            };
            callbacks.channel_exit_status_function = [](ssh_session, ssh_channel, int code,
                                                        void* self) {
                static_cast<Lane*>(self)->status = code;
            };
        }
    };

    /// As far as `lane` can go without waiting.
    void step(Lane& lane, const std::string& line, int count, int& started, int& done)
    {
        using enum Lane::State;
        for (;;) {
            switch (lane.state) {
            case idle:
                if (started == count) return;
                ++started;
                lane.channel = ssh_channel_new(session_);
                lane.closed = false;
                ssh_add_channel_callbacks(lane.channel, &lane.callbacks);
                lane.state = opening;
                break;
            case opening:
                if (!is_granted(ssh_channel_open_session(lane.channel))) return;
                lane.state = asking;
                break;
            case asking:
                if (!is_granted(ssh_channel_request_exec(lane.channel, line.c_str()))) return;
                lane.state = running;
                break;
            case running:
                if (!lane.closed) return;
                if (lane.status != 0) throw std::runtime_error{"a bare command failed"};
                ssh_remove_channel_callbacks(lane.channel, &lane.callbacks);
                ssh_channel_free(lane.channel);
                ++done;
                lane.state = idle;
                break;
            }
        }
    }
    bool is_granted(int answer) const
    {
        if (answer == SSH_ERROR) throw std::runtime_error{ssh_get_error(session_)};
        return answer == SSH_OK;
    }

    ssh_session session_;
    ssh_event event_{nullptr};
    ssh_counter_struct received_{};
};

}  // namespace tailops::bench
