import { constants, deflateRawSync } from "node:zlib";

const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);

/** RFC 1952 §8: the table of the CRC-32. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) {
    value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  }
  return value;
});

/**
 * Compresses a body piece by piece, each piece readable as soon as it has
 * arrived (a gzip stream of flushed blocks).
 */
export class GzipBody {
  #crc = 0xffffffff;
  #size = 0;
  #started = false;

  /** The compressed form of the next piece. */
  piece(bytes: Uint8Array): Uint8Array {
    for (const byte of bytes) {
      this.#crc = (CRC_TABLE[(this.#crc ^ byte) & 0xff] ?? 0) ^
        (this.#crc >>> 8);
    }
    this.#size += bytes.length;
    const block = deflateRawSync(bytes, {
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    const start = this.#started ? [] : HEADER;
    this.#started = true;
    return Uint8Array.of(...start, ...block);
  }

  /** What ends the stream: an empty last block, CRC-32 and size. */
  trailer(): Uint8Array {
    const trailer = new DataView(new ArrayBuffer(10));
    trailer.setUint16(0, 0x0300);
    trailer.setUint32(2, ~this.#crc >>> 0, true);
    trailer.setUint32(6, this.#size >>> 0, true);
    return new Uint8Array(trailer.buffer);
  }
}
