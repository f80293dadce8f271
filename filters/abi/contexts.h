// Which configuration belongs to which request.
//
// A proxy puts all plugins with the same vm_id and code into one VM: one set of globals, several
// root contexts. So a configuration hangs on its root context, never on a global, and goes when
// the host deletes the context.
#pragma once

#include <stdint.h>

#include <memory>
#include <unordered_map>
#include <utility>

namespace wasm {

template <class Configuration>
class Contexts {
 public:
  // A context without a parent is a root context; every other one is a request of its parent.
  void created(uint32_t context, uint32_t parent) {
    if (parent != 0) parents_[context] = parent;
  }

  void deleted(uint32_t context) {
    parents_.erase(context);
    configurations_.erase(context);
  }

  // Replaces what the root context had: a second configuration never adds to the first.
  void configured(uint32_t root, Configuration configuration) {
    configurations_[root] = std::make_unique<Configuration>(std::move(configuration));
  }

  // The configuration of the root context that a request belongs to, or null.
  const Configuration* of(uint32_t context) const {
    auto parent = parents_.find(context);
    if (parent == parents_.end()) return nullptr;
    auto found = configurations_.find(parent->second);
    return found == configurations_.end() ? nullptr : found->second.get();
  }

 private:
  std::unordered_map<uint32_t, uint32_t> parents_;
  std::unordered_map<uint32_t, std::unique_ptr<Configuration>> configurations_;
};

}  // namespace wasm
