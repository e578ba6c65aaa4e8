// Implements batch_script() of slurm.h.
#include <sstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "sweep/job_state.h"
#include "sweep/slurm.h"

namespace revnet {
namespace {

// Doubles every % of a path, because Slurm replaces patterns such as %j in the names of output files.
std::string without_patterns(const std::string& path) {
  std::string result;
  for (const char c : path) result += c == '%' ? std::string("%%") : std::string(1, c);
  return result;
}

// Quotes a path for an #SBATCH line.
std::string in_double_quotes(const std::string& text) {
  if (text.find('\n') != std::string::npos) {
    throw UsageError("the path {} has a line break, which a line for sbatch cannot hold", shell_quoted(text));
  }
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

bool is_option(const std::string& line) {
  return line.starts_with("#SBATCH");
}

std::string options(const SlurmArray& array) {
  const SlurmSettings& settings = array.settings;
  std::ostringstream lines;
  const auto option = [&](const char* name, const std::string& value) {
    if (!value.empty()) lines << "#SBATCH --" << name << '=' << value << '\n';
  };
  const std::string at_once = settings.running_limit > 0 ? fmt::format("%{}", settings.running_limit) : "";
  option("job-name", slurm_job_name(array.sweep));
  option("array", fmt::format("0-{}{}", array.elements.size() - 1, at_once));
  option("output", in_double_quotes(without_patterns((array.sweep / "slurm").string()) + "/%A_%a.log"));
  option("open-mode", "append");
  lines << "#SBATCH --requeue\n";
  option("signal", fmt::format("USR1@{}", settings.signal_seconds));
  option("partition", settings.partition);
  option("account", settings.account);
  option("time", settings.time);
  option("nodes", fmt::to_string(settings.nodes));
  option("ntasks", fmt::to_string(settings.tasks));
  // Slurm would fill the first node, but the memory is that of an even spread.
  if (settings.nodes > 1) option("ntasks-per-node", fmt::to_string(tasks_a_node(settings)));
  option("cpus-per-task", fmt::to_string(settings.cpus_per_task));
  option("mem", fmt::format("{}M", (settings.memory_bytes + (1 << 20) - 1) >> 20));
  for (const std::string& line : settings.extra_lines) {
    if (is_option(line)) lines << line << '\n';
  }
  return lines.str();
}

std::string choice_of_job(const SlurmArray& array) {
  std::ostringstream lines;
  lines << "case $SLURM_ARRAY_TASK_ID in\n";
  for (std::size_t i = 0; i < array.elements.size(); ++i) {
    lines << "  " << i << ") job=" << shell_quoted(array.elements[i].job)
          << " dataset=" << shell_quoted(array.elements[i].dataset) << " ;;\n";
  }
  lines << "esac\n";
  return lines.str();
}

constexpr const char* training = R"sh(
set +e +u +o pipefail  # whatever the lines above have set
# The job's settings have both already.
unset REVNET_DATA REVNET_THREADS
arguments=("$dataset" --config "$sweep/logs/$job.yaml" --run-dir "$sweep/$job")
[ ! -e "$sweep/$job/config.yaml" ] || arguments+=(--resume)
try=$((${SLURM_RESTART_COUNT:-0} + 1))
say() { echo "$(date '+%F %T') $job, try $try of $max_tries: $1"; }

# A cancelled job's shell gets SIGTERM too, and stays to note how the training ended.
trap : TERM
bytes_said() { cat "$sweep/logs/$job.out" "$sweep/logs/$job.err" 2>/dev/null | wc -c; }
before=$(bytes_said)
say "starts on $SLURM_JOB_NODELIST"
)sh";

constexpr const char* ending = R"sh(
code=$?
# srun ends with 0 also where it could not start the training, which would have said something.
if [ "$code" -eq 0 ] && [ "$(bytes_said)" -eq "$before" ]; then
  say "srun did not start the training"
  code=1
fi
say "exit code $code"
printf '%s\t%s\t%s\t%s\n' "$SLURM_ARRAY_JOB_ID" "$SLURM_ARRAY_TASK_ID" "$try" "$code" >> "$sweep/slurm/$job.exits"
[ "$code" -eq 3 ] || exit "$code"

# 3: interrupted with a checkpoint saved. A job that is cancelled, or out of time, is not RUNNING any more. If Slurm
# does not answer, requeue decides, which refuses such jobs, too.
# One task of an array has the array's own id as SLURM_JOB_ID, by which scontrol would take all tasks. To queue a
# job again, Slurm sends SIGTERM to its processes, scontrol among them, which may not have ended yet.
task=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
state=$(scontrol show job --oneliner "$task" | sed -n 's/.* JobState=\([A-Z_]*\).*/\1/p')
if [ -n "$state" ] && [ "$state" != RUNNING ]; then
  say "not queued again: the job is $state"
elif [ "$try" -ge "$max_tries" ]; then
  say "not queued again: this was the last try"
elif (trap '' TERM; exec scontrol requeue incomplete "$task"); then  # not if it has just been cancelled
  say "queued again"
else
  say "cannot be queued again"
fi
exit 3
)sh";

}  // namespace

std::string batch_script(const SlurmArray& array) {
  const SlurmSettings& settings = array.settings;
  std::ostringstream script;
  script << "#!/bin/bash\n" << options(array) << "\n# Written by revnet-sweep.\n";
  script << "sweep=" << shell_quoted(array.sweep.string()) << "\nmax_tries=" << settings.max_tries << '\n';
  script << choice_of_job(array);
  for (const std::string& line : settings.extra_lines) {
    if (!is_option(line)) script << line << '\n';
  }
  script << training;
  const std::string logs = without_patterns(logs_folder(array.sweep).string());
  script << "srun --cpus-per-task=" << settings.cpus_per_task;
  if (!settings.mpi.empty()) script << " --mpi=" << settings.mpi;
  script << " --open-mode=append --output=" << shell_quoted(logs)
         << "/\"$job.out\" --error=" << shell_quoted(logs) << "/\"$job.err\" \\\n  "
         << shell_quoted(array.program.string()) << " \"${arguments[@]}\"";
  script << ending;
  return script.str();
}

}  // namespace revnet
