#include "net/goldens.h"

#include <stdexcept>

#include <hdf5.h>

namespace revnet {
namespace {

// An HDF5 identifier, closed by the destructor.
class Id {
 public:
  Id(hid_t id, herr_t (*close)(hid_t), const std::string& what) : id_(id), close_(close) {
    if (id < 0) throw std::runtime_error("goldens.h5: cannot open " + what);
  }
  ~Id() { close_(id_); }
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

void check(herr_t status, const std::string& what) {
  if (status < 0) throw std::runtime_error("goldens.h5: cannot read " + what);
}

template <class T>
hid_t native();
template <>
hid_t native<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t native<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t native<std::int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
hid_t native<std::uint64_t>() {
  return H5T_NATIVE_UINT64;
}

class File {
 public:
  File() : file_(H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, path) {}

  template <class T>
  std::vector<T> attribute(const std::string& object, const char* name) const {
    const Id attribute(H5Aopen_by_name(file_, object.c_str(), name, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                       name);
    const Id space(H5Aget_space(attribute), H5Sclose, name);
    std::vector<T> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
    check(H5Aread(attribute, native<T>(), values.data()), name);
    return values;
  }

  template <class T>
  std::vector<T> dataset(const std::string& name, std::vector<std::int64_t>* shape = nullptr) const {
    const Id dataset(H5Dopen2(file_, name.c_str(), H5P_DEFAULT), H5Dclose, name);
    const Id space(H5Dget_space(dataset), H5Sclose, name);
    if (shape != nullptr) {
      std::vector<hsize_t> sizes(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space)));
      H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
      shape->assign(sizes.begin(), sizes.end());
    }
    std::vector<T> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
    check(H5Dread(dataset, native<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), name);
    return values;
  }

  // Reads fixed-length, zero-padded strings.
  std::vector<std::string> texts(const std::string& name) const {
    const Id dataset(H5Dopen2(file_, name.c_str(), H5P_DEFAULT), H5Dclose, name);
    const Id space(H5Dget_space(dataset), H5Sclose, name), type(H5Dget_type(dataset), H5Tclose, name);
    const std::size_t length = H5Tget_size(type);
    std::string characters(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)) * length, '\0');
    check(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, characters.data()), name);
    std::vector<std::string> texts;
    for (std::size_t first = 0; first < characters.size(); first += length) {
      const std::string text = characters.substr(first, length);
      texts.push_back(text.substr(0, text.find('\0')));
    }
    return texts;
  }

  // The names of all datasets below a group, relative to it.
  std::vector<std::string> dataset_names(const std::string& group_name) const {
    const Id group(H5Gopen2(file_, group_name.c_str(), H5P_DEFAULT), H5Gclose, group_name);
    std::vector<std::string> links, names;
    const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* to) -> herr_t {
      static_cast<std::vector<std::string>*>(to)->emplace_back(name);
      return 0;
    };
    check(H5Lvisit(group, H5_INDEX_NAME, H5_ITER_INC, collect, &links), group_name);
    for (const std::string& link : links) {
      const Id object(H5Oopen(group, link.c_str(), H5P_DEFAULT), H5Oclose, link);
      if (H5Iget_type(object) == H5I_DATASET) names.push_back(link);
    }
    return names;
  }

 private:
  static constexpr const char* path = REVNET_TEST_DIR "/goldens/goldens.h5";
  Id file_;
};

}  // namespace

Golden read_golden(const std::string& family, const std::string& architecture, std::int64_t classes) {
  const File file;
  const std::string group = "/" + family + "/" + architecture + "/" + std::to_string(classes);
  const auto number = [&](const char* name) { return file.attribute<std::int64_t>(group, name).at(0); };
  const auto by_stage = [&](const char* name) { return file.attribute<std::int64_t>(group, name); };
  Golden golden;
  golden.architecture = {.name = architecture,
                         .reversible = number("reversible") != 0,
                         .bottleneck = number("bottleneck") != 0,
                         .stem = {.kernel = number("stem_kernel"),
                                  .stride = number("stem_stride"),
                                  .width = number("stem"),
                                  .pools = number("stem_pool") != 0},
                         .stages = {}};
  const auto units = by_stage("units"), widths = by_stage("widths"), strides = by_stage("strides");
  for (std::size_t i = 0; i < units.size(); ++i) {
    golden.architecture.stages.push_back({units[i], widths.at(i), strides.at(i)});
  }
  golden.seed = number("seed");
  golden.batch = number("batch");
  golden.image_size = number("image_size");
  golden.classes = number("classes");
  golden.parameter_count = number("parameter_count");
  golden.parameter_sum = file.attribute<double>(group, "parameter_sum").at(0);
  golden.loss = file.dataset<double>(group + "/loss").at(0);
  golden.logits = file.dataset<double>(group + "/logits");
  if (family == "narrow") {
    golden.evaluation_logits = file.dataset<double>(group + "/evaluation_logits");
    for (const std::string& name : file.dataset_names(group + "/gradients")) {
      Golden::Gradient& gradient = golden.gradients[name];
      gradient.values = file.dataset<float>(group + "/gradients/" + name, &gradient.shape);
    }
  } else {
    const std::string digest = group + "/gradient_digest";
    const std::vector<std::string> names = file.texts(digest + "/name");
    const auto norms = file.dataset<double>(digest + "/norm"),
               probes = file.dataset<double>(digest + "/probe");
    for (std::size_t i = 0; i < names.size(); ++i) golden.digests[names[i]] = {norms.at(i), probes.at(i)};
  }
  return golden;
}

std::vector<Architecture> cifar_networks() {
  std::vector<Architecture> networks;
  for (const Architecture& architecture : architectures()) {
    if (architecture.image_size == 32) networks.push_back(architecture);
  }
  return networks;
}

std::vector<FormulaSample> read_formula_samples() {
  const File file;
  const std::vector<std::string> names = file.texts("/formula/name");
  const auto column = [&](const char* name) {
    return file.dataset<std::uint64_t>(std::string("/formula/") + name);
  };
  const auto seeds = column("seed"), indices = column("index"), streams = column("stream"),
             bits = column("z");
  const std::vector<float> uniforms = file.dataset<float>("/formula/u");
  std::vector<FormulaSample> samples;
  for (std::size_t i = 0; i < names.size(); ++i) {
    samples.push_back({names[i], seeds.at(i), indices.at(i), streams.at(i), bits.at(i), uniforms.at(i)});
  }
  return samples;
}

}  // namespace revnet
