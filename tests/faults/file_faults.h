// Makes chosen file operations fail, as a full or broken disk would, and the wall clock jump.
//
// Linked into a test it stands before the C library's functions of the same names (open, write, fsync, close,
// rename, unlink, ftruncate and read). Preloaded into a command ($LD_PRELOAD) it is set by the environment:
//
//   REVNET_FAULT_FILES   operations on paths that contain this count
//   REVNET_FAULT_AT      which of them fails, from 1; 0: none
//   REVNET_FAULT_ERROR   with which errno
//   REVNET_FAULT_LASTING 1: and all after it, too
//   REVNET_FAULT_READS   1: reading counts, and nothing else
//   REVNET_FAULT_CLOCK   1: the wall clock jumps two days back and forth, each time somebody looks
//
// Files opened to be read count only with the operation read, so that a test of writing counts writing.
#pragma once

#include <string>
#include <vector>

namespace revnet::testing {

struct FileFaults {
  std::string files;  // empty: nothing counts
  int at = 0;
  int error = 0;
  bool lasting = false;
  bool short_writes = false;  // every write takes half of what is given, as it may
  bool reads = false;         // count read() of files, and nothing else
};

// From now on; counting begins anew.
void set_file_faults(const FileFaults& faults);
// The operations counted so far: "open", "write", ...
const std::vector<std::string>& file_operations();

}  // namespace revnet::testing
