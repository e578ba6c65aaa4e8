#include "data/image_check.h"

#include <fmt/format.h>

#include "data/each_in_parallel.h"
#include "data/jpeg.h"
#include "system/host.h"

namespace revnet {

std::vector<std::string> damage_of_images(const JpegSet& set, int threads) {
  std::vector<std::string> wrong(set.size());
  each_in_parallel(set.size(), static_cast<std::size_t>(threads > 0 ? threads : default_threads()),
                   [&](std::size_t i) {
                     thread_local std::vector<std::uint8_t> bytes;
                     thread_local Pixels pixels;
                     try {
                       set.read(i, bytes);
                       decode_jpeg(bytes, 8, pixels);
                     } catch (const JpegError& error) {
                       wrong[i] = fmt::format("{}: {}", set.place(i), error.what());
                     } catch (const UnreadableImage& failure) {
                       throw Error(fmt::format("{}: {}; check the disk and ulimit -n, and start again",
                                               set.place(i), failure.what()));
                     }
                   });
  return wrong;
}

}  // namespace revnet
