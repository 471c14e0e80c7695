#pragma once

#include "tests/support/program.hpp"
#include "tests/support/temporary_directory.hpp"

namespace tailops::testing {

/// A certificate and its key, in files.
struct CertifiedKey {
    std::string certificate_file;
    std::string key_file;
};

/// A certification authority of the test's own, made with the openssl program.
class Authority {
public:
    Authority()
    {
        run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key_file(), "-out",
                     certificate_file(), "-subj", "/CN=test authority", "-days", "2"},
                    directory_.file("log"));
    }

    std::string certificate_file() const { return directory_.file("ca.pem"); }

    /// `names` as in subjectAltName, e.g. "DNS:localhost,IP:127.0.0.1"; `days` may be negative.
    CertifiedKey issue(const std::string& names, int days = 2)
    {
        const auto stem = "leaf" + std::to_string(++issued_);
        const CertifiedKey leaf{directory_.file(stem + ".pem"), directory_.file(stem + ".key")};
        const auto request = directory_.file(stem + ".csr");
        run_program({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                     "-nodes", "-keyout", leaf.key_file, "-out", request, "-subj", "/CN=test",
                     "-addext", "subjectAltName=" + names},
                    directory_.file("log"));
        run_program(
            {"openssl", "x509", "-req", "-in", request, "-CA", certificate_file(), "-CAkey",
             key_file(), "-set_serial", std::to_string(issued_), "-days", std::to_string(days),
             "-copy_extensions", "copy", "-out", leaf.certificate_file},
            directory_.file("log"));
        return leaf;
    }

private:
    std::string key_file() const { return directory_.file("ca.key"); }

    TemporaryDirectory directory_;
    int issued_{0};
};

}  // namespace tailops::testing
