import { isIP } from 'node:net';

/** Whether a host is this machine, whatever the network says. IPv6 without brackets. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
