#pragma once

#include "tests/support/program.hpp"
#include "tests/support/temporary_directory.hpp"

#include <fstream>
#include <string>

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

    /// `names` as in subjectAltName, e.g. "DNS:localhost,IP:127.0.0.1".
    CertifiedKey issue(const std::string& names)
    {
        const auto leaf = request(names);
        run_program({"openssl", "x509", "-req", "-in", request_file(), "-CA", certificate_file(),
                     "-CAkey", key_file(), "-set_serial", std::to_string(issued_), "-days", "2",
                     "-copy_extensions", "copy", "-out", leaf.certificate_file},
                    directory_.file("log"));
        return leaf;
    }

    /// One whose time is over. `openssl x509` takes such dates from version 3.4 on, and days that
    /// are negative before it; `openssl ca` takes them always.
    CertifiedKey issue_expired(const std::string& names)
    {
        const auto leaf = request(names);
        const auto config = directory_.file("ca.cnf");
        std::ofstream{directory_.file("index.txt")};
        std::ofstream{config} << "[ca]\ndefault_ca = one\n[one]\ndatabase = "
                              << directory_.file("index.txt")
                              << "\nrand_serial = yes\ndefault_md = sha256\npolicy = any\n"
                                 "copy_extensions = copy\nnew_certs_dir = "
                              << directory_.path() << "\n[any]\ncommonName = supplied\n";
        run_program(
            {"openssl", "ca", "-batch", "-notext", "-config", config, "-in", request_file(),
             "-cert", certificate_file(), "-keyfile", key_file(), "-startdate", "20200101000000Z",
             "-enddate", "20200102000000Z", "-out", leaf.certificate_file},
            directory_.file("log"));
        return leaf;
    }

private:
    std::string key_file() const { return directory_.file("ca.key"); }
    std::string request_file() const
    {
        return directory_.file("leaf" + std::to_string(issued_) + ".csr");
    }

    CertifiedKey request(const std::string& names)
    {
        const auto stem = "leaf" + std::to_string(++issued_);
        const CertifiedKey leaf{directory_.file(stem + ".pem"), directory_.file(stem + ".key")};
        run_program({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                     "-nodes", "-keyout", leaf.key_file, "-out", request_file(), "-subj",
                     "/CN=test", "-addext", "subjectAltName=" + names},
                    directory_.file("log"));
        return leaf;
    }

    TemporaryDirectory directory_;
    int issued_{0};
};

}  // namespace tailops::testing
