import { s3 } from '../../servers/s3-server.js';

/** The variable that names the shared server to processes that a test starts. */
export async function shareS3(): Promise<Record<string, string>> {
  const { endpoint, region, accessKeyId, secretAccessKey } = await s3.shared();
  const url = new URL(endpoint);
  url.username = encodeURIComponent(accessKeyId);
  url.password = encodeURIComponent(secretAccessKey);
  url.searchParams.set('region', region);
  return { PITWALL_TEST_S3: url.href };
}
