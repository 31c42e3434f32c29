# An installed Cairn serves a project of its own:
#   cmake -D BUILD=<Cairn's build folder> -D WORK=<scratch folder> -D CONFIG=… -D COMPILER=… -D FLAGS=… -P install_test.cmake
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "failed: ${ARGN}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK}/consumer)
file(WRITE ${WORK}/consumer/CMakeLists.txt "
cmake_minimum_required(VERSION 3.25)
project(Consumer LANGUAGES CXX)
find_package(Cairn REQUIRED)
add_executable(consumer main.cpp)
target_link_libraries(consumer PRIVATE cairn::cairn)
")
file(WRITE ${WORK}/consumer/main.cpp "
#include <cairn/autograd/ops.h>
#include <cairn/nn/nn.h>
int main() {
  const cairn::Tensor x = cairn::ones({2, 3}).set_requires_grad();
  cairn::nn::Linear linear(3, 1);
  linear(x).sum().backward();
  return x.grad().sizes() == x.sizes() ? 0 : 1;
}
")
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix --config ${CONFIG})
run(${CMAKE_COMMAND} -S ${WORK}/consumer -B ${WORK}/build -DCMAKE_PREFIX_PATH=${WORK}/prefix -DCMAKE_BUILD_TYPE=${CONFIG}
  -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${FLAGS})
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer)
