/** A limit on everything, in one file, each with its reason. Sizes in bytes, times in the unit of the name. */

/** MQTT allows 65,535; longer names than this only cost index space and make no file system happy. */
export const STREAM_NAME_BYTES_MAX = 512;
/** Deeper names are an attack or a mistake: every level becomes a folder in the file sink. */
export const STREAM_NAME_LEVELS_MAX = 32;
/** One message; a batch of a second of a whole car fits well below. */
export const PAYLOAD_BYTES_MAX = 16 * 1024 * 1024;
/** Columns of one stream: each costs a builder and a place in every record. */
export const COLUMNS_MAX = 2048;
/** Rows of one batch: bounds what a reader has to hold at once. */
export const BATCH_ROWS_MAX = 1 << 20;
/** A closed batch stays below this, so that a record fits any Kafka broker's default after compression. */
export const BATCH_BYTES_MAX = 32 * 1024 * 1024;
/** JSON nested deeper than this is refused: dotted column names beyond it are no use to anyone. */
export const JSON_DEPTH_MAX = 16;
/** Event times outside 1970..2200 are refused: a clock that far off would poison the watermark of its entity. */
export const TIME_US_MAX = Date.UTC(2200, 0, 1) * 1000;
/** All that is held between socket and bus, unless `gateway.memory` says otherwise. */
export const GATEWAY_MEMORY_BYTES_DEFAULT = 256 * 1024 * 1024;
