// The precompiled header needs one file to belong to.
#if defined(__clang__) && !defined(__CLANG_TIDY__)
template class nlohmann::basic_json<>;
#endif
