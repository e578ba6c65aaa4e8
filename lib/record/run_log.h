// RUN/run.h5: what a run was and how it went.
//
// All rows live in memory (80,000 iterations at one row every 10 are 8,000 rows); save() writes a whole new
// file and swaps it in, so a reader, or a process killed at any moment, always finds a whole file.
//
// The file: root attributes status, command, version, host, cpu, onednn_version (text), format_version,
// threads (int64), seed (uint64) and the caller's own text attributes; /config, the resolved YAML;
// /train/{iteration (int64), cross_entropy, error_percent, learning_rate, seconds (float64)};
// /eval/{iteration (int64), cross_entropy, error_percent (float64)}, and /eval_average likewise where an
// average of the weights is evaluated beside them; root attributes learning_rate, momentum (float64) and
// batch (int64) of the settings; group /bytes with one int64 attribute a purpose, the peak in bytes, and
// resident, the most that a process of the run (of rank 0) had in memory; group /time with float64 attributes
// run_seconds (without pauses), step_seconds and step_images (of training steps alone); of runs of several
// ranks, group /all_reduce with float64 attributes; with exact coupling, group /exact_coupling
// with float64 attributes grid_bits, range, largest (magnitude between units, in all and by stage) and
// beyond_range (how many sums of a step and function had a magnitude beyond the range).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace revnet {

enum class RunStatus { running, complete, interrupted, diverged };
// "running" and so on, as in the file.
std::string_view name(RunStatus status);

// What a run's rows do not say, as of the process that worked on it last; when it started is the first one's.
struct RunInfo {
  std::string command, version, host, cpu, onednn_version;
  std::int64_t threads = 0;
  std::uint64_t seed = 0;
  double learning_rate = 0, momentum = 0;
  std::int64_t batch = 0;                    // 0: this and the two above are not known
  std::string config;                        // resolved YAML
  std::map<std::string, std::string> extra;  // further root attributes, such as convolution and activations
  std::string extra_or(const std::string& name, const std::string& otherwise = "") const;
};

// Names of attributes in RunInfo::extra. What changed when the run was resumed, "threads 2 -> 1 after
// iteration 6; ..."; absent if nothing did.
inline constexpr const char* changed_on_resume = "changed_on_resume";
// When the first process of the run began, "2026-01-31T12:34:56Z".
inline constexpr const char* started = "started";
// Identifies the images (BatchSource::fingerprint). Logs of earlier versions lack it for CIFAR.
inline constexpr const char* dataset_fingerprint = "dataset_fingerprint";
// How many damaged images were left out.
inline constexpr const char* images_left_out_name = "images_left_out";

struct TrainRow {
  std::int64_t iteration = 0;  // iterations done
  double cross_entropy = 0;    // mean of the images since the row before
  double error_percent = 0;    // likewise
  double learning_rate = 0;    // of the last iteration
  double seconds = 0;          // since the start of the run, pauses left out
  bool operator==(const TrainRow&) const = default;
};

struct EvalRow {
  std::int64_t iteration = 0;
  double cross_entropy = 0;
  double error_percent = 0;
  bool operator==(const EvalRow&) const = default;
};

class RunLog {
 public:
  // A log without rows, of status running. Nothing is written before save(). Throws Error if a name in
  // info.extra belongs to the format.
  static RunLog create(std::filesystem::path file, RunInfo info);
  // Everything in the file, to go on or to report. Throws FileError if it is missing, damaged or of
  // a newer format.
  static RunLog open(std::filesystem::path file);

  // Iterations ascend strictly in each table: Error otherwise (a resumed run drops later rows first).
  void append(const TrainRow& row);
  void append(const EvalRow& row);
  // Of the average of the weights.
  void append_average(const EvalRow& row);
  // Drops the rows of all tables that are later than a checkpoint at this iteration.
  void truncate_after(std::int64_t iteration);
  void set_status(RunStatus status) { status_ = status; }
  // What the exchange of gradients between ranks took, by name; written when there is any.
  void set_all_reduce(std::map<std::string, double> figures) { all_reduce_ = std::move(figures); }
  void set_exact_coupling(std::map<std::string, double> figures) { exact_coupling_ = std::move(figures); }
  void set_bytes(std::map<std::string, std::int64_t> peak_by_purpose) { bytes_ = std::move(peak_by_purpose); }
  void set_time(std::map<std::string, double> figures) { time_ = std::move(figures); }
  // Describes the process that goes on with an opened run. Same error as create.
  void set_info(RunInfo info);

  // Replaces the file; see replace_file() (posix_file.h).
  void save() const;

  const RunInfo& info() const { return info_; }
  RunStatus status() const { return status_; }
  const std::map<std::string, std::int64_t>& bytes() const { return bytes_; }
  const std::map<std::string, double>& all_reduce() const { return all_reduce_; }
  const std::map<std::string, double>& exact_coupling() const { return exact_coupling_; }
  const std::vector<TrainRow>& train() const { return train_; }
  const std::vector<EvalRow>& eval() const { return eval_; }
  const std::vector<EvalRow>& eval_average() const { return eval_average_; }
  // The median speed between neighbouring rows of /train between which there was no evaluation (RunJournal
  // has the mean); else the mean speed of all steps; 0 if that is not in the log.
  double median_images_per_second(std::int64_t batch) const;
  // The duration of the run without pauses; up to the last row of /train if no more is in the log.
  double seconds() const;
  // The peak of one purpose; 0 if it is not in the log.
  std::int64_t bytes_of(const std::string& purpose) const;

 private:
  template <class Archive>
  friend void fields(Archive& archive, RunLog& log) {
    archive(log.info_, log.status_, log.bytes_, log.time_, log.all_reduce_, log.exact_coupling_, log.train_,
            log.eval_, log.eval_average_);
  }

  RunLog(std::filesystem::path file, RunInfo info);
  static RunLog read_here(std::filesystem::path file);
  // A figure of /time; 0 if it is not in the log.
  double time_of(const std::string& name) const;

  std::filesystem::path path_;
  RunInfo info_;
  RunStatus status_ = RunStatus::running;
  std::map<std::string, std::int64_t> bytes_;
  std::map<std::string, double> time_, all_reduce_, exact_coupling_;
  std::vector<TrainRow> train_;
  std::vector<EvalRow> eval_, eval_average_;
};

}  // namespace revnet
