// Makes chosen file operations fail, as a full or broken disk would, and the wall clock jump.
//
// Linked into a test, it replaces the C library's open, write, fsync, close, rename, unlink, ftruncate and
// read. Preloaded into a command ($LD_PRELOAD), it is configured by the environment:
//
//   REVNET_FAULT_FILES   counts operations on paths that contain this text
//   REVNET_FAULT_AT      the number of the operation that fails, from 1; 0 for none
//   REVNET_FAULT_ERROR   the errno with which it fails
//   REVNET_FAULT_LASTING 1: all later operations fail too
//   REVNET_FAULT_READS   1: counts only reads
//   REVNET_FAULT_CLOCK   1: the wall clock jumps by two days, back or forth, each time it is read
//
// Other operations on files opened for reading are never counted, so tests of writing count only writes.
#pragma once

#include <string>
#include <vector>

namespace revnet::testing {

struct FileFaults {
  std::string files;  // empty: no operation is counted
  int at = 0;
  int error = 0;
  bool lasting = false;
  bool short_writes = false;  // every write takes only half of the bytes, as POSIX allows
  bool reads = false;         // counts only read()
};

// Sets the faults from now on and starts counting again.
void set_file_faults(const FileFaults& faults);
// The operations counted so far: "open", "write", ...
const std::vector<std::string>& file_operations();

}  // namespace revnet::testing
