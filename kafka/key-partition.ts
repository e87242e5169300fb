import kafkajs, { type PartitionMetadata } from 'kafkajs';

const choose = kafkajs.Partitioners.DefaultPartitioner();

/** The partition that Kafka's own clients put a key into, so that it joins with what others write by that key. */
export function partitionOfKey(key: string, partitions: number): number {
  const partitionMetadata = new Array<PartitionMetadata>(partitions);
  return choose({ topic: '', partitionMetadata, message: { key, value: null } });
}
