# Each file gateway/tools/FOLDER/NAME.cpp that defines `Tool NAME()` is a tool that ships: this writes the
# function that gathers them, so that adding a tool is adding its file.
file(GLOB candidates CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/gateway/tools/*/*.cpp)
set(declarations "")
set(calls "")
foreach(source ${candidates})
  get_filename_component(name ${source} NAME_WE)
  file(STRINGS ${source} definition REGEX "^Tool ${name}\\(\\)$")
  if(definition)
    string(APPEND declarations "Tool ${name}();\n")
    string(APPEND calls "    all.push_back(${name}());\n")
  endif()
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/tools_of_files.cpp @ONLY CONTENT
"// Made by cmake/tools_of_files.cmake.
#include \"gateway/tools/tool.hpp\"

namespace tailops::tools {

@declarations@
std::vector<Tool> tools_of_files();
std::vector<Tool> tools_of_files()
{
    std::vector<Tool> all;
@calls@    return all;
}

}  // namespace tailops::tools
")
target_sources(tailops_tools PRIVATE ${CMAKE_BINARY_DIR}/tools_of_files.cpp)
