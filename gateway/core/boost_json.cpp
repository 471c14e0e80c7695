// Boost.JSON is compiled here, so that no library of its own is needed.
#include <boost/json/src.hpp>
