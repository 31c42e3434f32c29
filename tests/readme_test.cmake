# The program that README.md shows is the one that is compiled and run:
#   cmake -D README=… -D EXAMPLE=… -P readme_test.cmake
file(READ ${README} readme)
file(READ ${EXAMPLE} example)
string(FIND "${readme}" "${example}" position)
if(position EQUAL -1)
  message(FATAL_ERROR "README.md does not contain the text of ${EXAMPLE}")
endif()
