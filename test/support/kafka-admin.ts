import kafkajs, { type Admin, type ITopicConfig, Kafka, logLevel } from 'kafkajs';
import { eventually } from './eventually.js';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

/** What kafkajs's own admin client answers, or does. */
export async function asAdmin<T>(brokers: readonly string[], ask: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await ask(admin);
  } finally {
    await admin.disconnect();
  }
}

/**
 * Makes topics, and waits until the broker knows what it has made: kafkajs's own waiting takes it for a fault when it does
 * not yet.
 */
export async function makeTopics(brokers: readonly string[], topics: ITopicConfig[]): Promise<void> {
  await asAdmin(brokers, async (admin) => {
    await admin.createTopics({ topics, waitForLeaders: false });
    for (const { topic } of topics) {
      await eventually(`topic ${topic} is there`, () =>
        admin.fetchTopicOffsets(topic).then(
          () => true,
          () => false,
        ),
      );
    }
  });
}

export interface Right {
  kind: 'TOPIC' | 'GROUP' | 'CLUSTER' | 'TRANSACTIONAL_ID';
  /** What the names of the topics, groups or ids begin with; of the cluster, `kafka-cluster`. */
  name: string;
  operation: 'READ' | 'WRITE' | 'CREATE' | 'DESCRIBE' | 'DESCRIBE_CONFIGS' | 'IDEMPOTENT_WRITE';
}

/** Gives a user rights, or takes them from it, and waits until the broker goes by that: it hears of it a little later. */
export async function setRights(
  brokers: readonly string[],
  username: string,
  rights: readonly Right[],
  change: 'grant' | 'revoke' = 'grant',
): Promise<void> {
  const acl = rights.map(({ kind, name, operation }) => ({
    resourceType: AclResourceTypes[kind],
    resourceName: name,
    resourcePatternType: kind === 'CLUSTER' ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED,
    principal: `User:${username}`,
    host: '*',
    operation: AclOperationTypes[operation],
    permissionType: AclPermissionTypes.ALLOW,
  }));
  await asAdmin(brokers, async (admin) => {
    if (change === 'grant') await admin.createAcls({ acl });
    else await admin.deleteAcls({ filters: acl });
    const isSo = async (filter: (typeof acl)[number]) => {
      const { resources } = await admin.describeAcls(filter);
      return resources.length > 0 === (change === 'grant');
    };
    await eventually('the rights in force', async () => (await Promise.all(acl.map(isSo))).every(Boolean));
  });
}
