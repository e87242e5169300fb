import { run } from './install.js';
import type { Place } from './real-servers.js';
import type { ServerCommand } from './server-process.js';
import { uniqueName } from './unique-name.js';

interface Image {
  image: string;
  entrypoint?: string;
  command(place: Place): ServerCommand;
}

/** Pulls an image, and returns the command that runs it: as this user, with the server's folder under its own name. */
export async function inDocker(name: string, from: Image): Promise<(place: Place) => ServerCommand> {
  await run('docker', ['pull', '--quiet', from.image]);
  return (place) => {
    const { dir, port } = place;
    const { argv: args, env = {}, endSignal } = from.command(place);
    const container = uniqueName(`pitwall-test-${name}`);
    const argv = [
      ...['docker', 'run', '--rm', '--name', container, '--user', `${process.getuid!()}:${process.getgid!()}`],
      ...['--volume', `${dir}:${dir}`, '--workdir', dir, '--publish', `127.0.0.1:${port}:${port}`],
      ...Object.keys(env).flatMap((variable) => ['--env', variable]),
      ...(from.entrypoint === undefined ? [] : ['--entrypoint', from.entrypoint]),
      from.image,
      ...args,
    ];
    return { argv, env, container, endSignal };
  };
}
