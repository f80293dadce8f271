// What every module exports so that a host loads it; `export *` it from the entry file.

export function proxy_abi_version_0_2_1(): void {}

// The host allocates here what it hands over; the receiver frees it.
export function proxy_on_memory_allocate(size: usize): usize {
  return heap.alloc(size);
}
