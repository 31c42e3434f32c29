# System packages only; nothing is downloaded.
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json REQUIRED)
find_path(CAIRN_HIGHWAY_INCLUDE hwy/highway.h REQUIRED)
