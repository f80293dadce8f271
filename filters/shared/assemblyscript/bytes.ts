// Texts as the host has them: bytes. A string holds one byte in each of its characters, so nothing
// is lost or made equal by decoding, and what is not ASCII passes through as it came.

export function fromBytes(at: usize, size: i32): string {
  const units = new StaticArray<u16>(size);
  for (let i = 0; i < size; ++i) units[i] = load<u8>(at + i);
  return String.UTF16.decode(changetype<ArrayBuffer>(units));
}

export function toBytes(text: string): ArrayBuffer {
  const bytes = new ArrayBuffer(text.length);
  for (let i = 0; i < text.length; ++i) {
    store<u8>(changetype<usize>(bytes) + i, <u8>text.charCodeAt(i));
  }
  return bytes;
}

// The bytes of one character in UTF-8.
export function utf8(code: i32): string {
  const bytes = String.UTF8.encode(String.fromCodePoint(code));
  return fromBytes(changetype<usize>(bytes), bytes.byteLength);
}
