import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, serverPort } from '../install.js';

export interface KafkaUser {
  username: string;
  password: string;
}

/** The guarded listeners of a server and what opens them. The plain one of the server stays open, with all rights. */
export interface KafkaSecurity {
  /** SASL without TLS. PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512, all for both users. */
  readonly sasl: string[];
  /** TLS; who connects has all rights. */
  readonly tls: string[];
  /** SASL in TLS. */
  readonly saslTls: string[];
  /** TLS that wants the client's certificate, which has all rights. */
  readonly mutualTls: string[];
  /** Has all rights. */
  readonly admin: KafkaUser;
  /** Has no rights until an ACL for the principal `User:limited` gives some. */
  readonly limited: KafkaUser;
  /** Paths of PEM files: the authority that signed the certificates, and a client's certificate with its key. */
  readonly ca: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

export interface GuardedListeners {
  security: KafkaSecurity;
  /** Name → port. */
  ports: Record<string, number>;
  protocols: Record<string, string>;
  properties: Record<string, string>;
  /** What formats a storage folder with the users. */
  formatArgs: string[];
}

const admin: KafkaUser = { username: 'admin', password: 'admin-secret' };
const limited: KafkaUser = { username: 'limited', password: 'limited-secret' };
const users = [admin, limited];
const SCRAM = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];

/** Makes certificates in `dir` and takes ports. */
export async function guardedListeners(dir: string): Promise<GuardedListeners> {
  await makeCertificates(dir);
  const protocols = { SASL: 'SASL_PLAINTEXT', TLS: 'SSL', SASLTLS: 'SASL_SSL', MUTUALTLS: 'SSL' };
  const ports: Record<string, number> = {};
  for (const name of Object.keys(protocols)) ports[name] = await serverPort();
  const at = (name: string) => [`127.0.0.1:${ports[name]}`];

  const properties: Record<string, string> = {
    'sasl.enabled.mechanisms': ['PLAIN', ...SCRAM].join(','),
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': join(dir, 'server.pem'),
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(dir, 'ca.pem'),
    'listener.name.mutualtls.ssl.client.auth': 'required',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `User:ANONYMOUS;User:${admin.username};User:CN=client`,
  };
  const passwords = users.map(({ username, password }) => `user_${username}="${password}"`).join(' ');
  for (const listener of ['sasl', 'sasltls']) {
    const prefix = `listener.name.${listener}`;
    properties[`${prefix}.plain.sasl.jaas.config`] =
      `org.apache.kafka.common.security.plain.PlainLoginModule required ${passwords};`;
    for (const mechanism of SCRAM) {
      properties[`${prefix}.${mechanism.toLowerCase()}.sasl.jaas.config`] =
        'org.apache.kafka.common.security.scram.ScramLoginModule required;';
    }
  }
  return {
    ports,
    protocols,
    properties,
    formatArgs: SCRAM.flatMap((mechanism) =>
      users.flatMap(({ username, password }) => [
        '--add-scram',
        `${mechanism}=[name=${username},password=${password}]`,
      ]),
    ),
    security: {
      sasl: at('SASL'),
      tls: at('TLS'),
      saslTls: at('SASLTLS'),
      mutualTls: at('MUTUALTLS'),
      admin,
      limited,
      ca: join(dir, 'ca.pem'),
      clientCert: join(dir, 'client-cert.pem'),
      clientKey: join(dir, 'client-key.pem'),
    },
  };
}

/** An authority (`ca.pem`), a server's key and certificate in one file (`server.pem`), and a client's in two. */
async function makeCertificates(dir: string): Promise<void> {
  const openssl = (...args: string[]) => run('openssl', args, dir);
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-sha256'];
  writeFileSync(
    join(dir, 'ca.cnf'),
    '[req]\ndistinguished_name=dn\nx509_extensions=ca\n[dn]\n[ca]\nbasicConstraints=critical,CA:true\n',
  );
  await openssl(
    ...['req', '-x509', ...newKey, '-config', 'ca.cnf', '-subj', '/CN=Pitwall test authority', '-days', '30'],
    ...['-keyout', 'ca-key.pem', '-out', 'ca.pem'],
  );
  writeFileSync(join(dir, 'names.ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  for (const name of ['server', 'client']) {
    await openssl(
      ...['req', ...newKey, '-config', 'ca.cnf', '-subj', `/CN=${name}`],
      ...['-keyout', `${name}-key.pem`, '-out', `${name}.csr`],
    );
    await openssl(
      ...['x509', '-req', '-sha256', '-days', '30', '-in', `${name}.csr`, '-extfile', 'names.ext'],
      ...['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-out', `${name}-cert.pem`],
    );
  }
  writeFileSync(
    join(dir, 'server.pem'),
    readFileSync(join(dir, 'server-key.pem'), 'utf8') + readFileSync(join(dir, 'server-cert.pem'), 'utf8'),
  );
}
