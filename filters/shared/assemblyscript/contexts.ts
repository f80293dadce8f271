// Which configuration belongs to which request.
//
// A proxy puts all plugins with the same vm_id and code into one VM: one set of globals, several
// root contexts. So a configuration hangs on its root context, never on a global, and goes when
// the host deletes the context.

export class Contexts<T> {
  private parents: Map<u32, u32> = new Map();
  private configurations: Map<u32, T> = new Map();

  // A context without a parent is a root context; every other one is a request of its parent.
  created(context: u32, parent: u32): void {
    if (parent != 0) this.parents.set(context, parent);
  }

  deleted(context: u32): void {
    this.parents.delete(context);
    this.configurations.delete(context);
  }

  // Replaces what the root context had: a second configuration never adds to the first.
  configured(root: u32, configuration: T): void {
    this.configurations.set(root, configuration);
  }

  // The configuration of the root context that a request belongs to, or null.
  of(context: u32): T | null {
    if (!this.parents.has(context)) return null;
    const root = this.parents.get(context);
    return this.configurations.has(root) ? this.configurations.get(root) : null;
  }
}
