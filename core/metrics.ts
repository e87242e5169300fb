/** Prometheus text exposition (version 0.0.4) from values read at the moment of asking. */
export class MetricsPage {
  private readonly families: {
    name: string;
    type: 'counter' | 'gauge';
    help: string;
    read: () => Sample[] | number;
  }[] = [];

  counter(name: string, help: string, read: () => Sample[] | number): void {
    this.families.push({ name, type: 'counter', help, read });
  }

  gauge(name: string, help: string, read: () => Sample[] | number): void {
    this.families.push({ name, type: 'gauge', help, read });
  }

  render(): string {
    let text = '';
    for (const { name, type, help, read } of this.families) {
      text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
      const samples = read();
      for (const { labels, value } of typeof samples === 'number' ? [{ labels: {}, value: samples }] : samples) {
        const pairs = Object.entries(labels).map(([key, label]) => `${key}="${escapeLabel(label)}"`);
        text += `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
      }
    }
    return text;
  }
}

export interface Sample {
  labels: Record<string, string>;
  value: number;
}

function escapeLabel(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
