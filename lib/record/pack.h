// Serialises values for another process of the same program: Unpacker reads what Packer wrote, in the same
// order.
//
// Numbers, plain structs, texts, vectors and maps by name are supported. Any other type T lists its members
// in its own namespace:
//     template <class Archive> void fields(Archive& archive, T& value) { archive(value.a, value.b); }
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "system/file_error.h"

namespace revnet {

class Packer {
 public:
  template <class... T>
  void operator()(T&... values) {
    (put(values), ...);
  }
  std::string take() { return std::move(bytes_); }

 private:
  template <class T>
  void put(T& value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    } else {
      fields(*this, value);
    }
  }
  void put_size(std::uint64_t size) { put(size); }
  void put(std::string& text) {
    put_size(text.size());
    bytes_ += text;
  }
  template <class T>
  void put(std::vector<T>& values) {
    put_size(values.size());
    if constexpr (std::is_trivially_copyable_v<T>) {
      bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    } else {
      for (T& value : values) put(value);
    }
  }
  template <class T>
  void put(std::map<std::string, T>& values) {
    put_size(values.size());
    for (auto& [name, value] : values) {
      std::string key = name;
      put(key);
      put(value);
    }
  }

  std::string bytes_;
};

// Throws FileError of kind damaged, naming the file, if the bytes do not come from a Packer.
class Unpacker {
 public:
  Unpacker(std::string_view bytes, std::filesystem::path file) : bytes_(bytes), file_(std::move(file)) {}
  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }

 private:
  [[noreturn]] void refuse() const {
    throw damage_error(file_, "the process that read it returned malformed data");
  }
  std::string_view next(std::uint64_t count) {
    if (count > bytes_.size()) refuse();
    const std::string_view part = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return part;
  }
  template <class T>
  void get(T& value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      std::memcpy(&value, next(sizeof value).data(), sizeof value);
    } else {
      fields(*this, value);
    }
  }
  // The number of items, each of which takes at least one byte.
  std::uint64_t get_size(std::size_t bytes_each) {
    std::uint64_t size = 0;
    get(size);
    if (size > bytes_.size() / bytes_each) refuse();
    return size;
  }
  void get(std::string& text) { text = next(get_size(1)); }
  template <class T>
  void get(std::vector<T>& values) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      values.resize(get_size(sizeof(T)));
      const std::string_view part = next(values.size() * sizeof(T));
      if (!part.empty()) std::memcpy(values.data(), part.data(), part.size());
    } else {
      values.resize(get_size(1));
      for (T& value : values) get(value);
    }
  }
  template <class T>
  void get(std::map<std::string, T>& values) {
    for (std::uint64_t left = get_size(1); left > 0; --left) {
      std::string name;
      get(name);
      get(values[name]);
    }
  }

  std::string_view bytes_;
  std::filesystem::path file_;
};

}  // namespace revnet
