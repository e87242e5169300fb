import { PeriodicSpline } from './periodic-spline.js';

/** An invented circuit, corner by corner, in metres east and north of its origin; driven in the order given. */
const POINTS: readonly (readonly [east: number, north: number])[] = [
  [0, 0],
  [420, 10],
  [830, 0],
  [1010, 90],
  [960, 240],
  [790, 300],
  [760, 420],
  [900, 520],
  [1120, 600],
  [1150, 770],
  [980, 850],
  [700, 790],
  [480, 680],
  [250, 700],
  [60, 820],
  [-180, 800],
  [-260, 620],
  [-150, 460],
  [-190, 300],
  [-380, 190],
  [-360, 40],
  [-180, -10],
];

/**
 * The centre line of the circuit by distance: tables of one entry a metre. Headings are radians clockwise from north
 * and go on over the turn; curvature is 1/m, positive to the right.
 */
export class Circuit {
  readonly lengthM: number;
  readonly east: Float64Array;
  readonly north: Float64Array;
  readonly heading: Float64Array;
  readonly curvature: Float64Array;

  constructor(points = POINTS) {
    const n = points.length;
    const knots = new Float64Array(n + 1);
    for (let i = 0; i < n; i++) {
      const [x0, y0] = points[i]!;
      const [x1, y1] = points[(i + 1) % n]!;
      knots[i + 1] = knots[i]! + Math.hypot(x1 - x0, y1 - y0);
    }
    const x = new PeriodicSpline(
      knots,
      Float64Array.from(points, (p) => p[0]),
    );
    const y = new PeriodicSpline(
      knots,
      Float64Array.from(points, (p) => p[1]),
    );
    const period = knots[n]!;
    const fine = Math.ceil(period * 8);
    const dx = new Float64Array(3);
    const dy = new Float64Array(3);
    const length = new Float64Array(fine + 1);
    for (let i = 0; i < fine; i++) {
      const u = ((i + 0.5) * period) / fine;
      x.at(u, dx);
      y.at(u, dy);
      length[i + 1] = length[i]! + (Math.hypot(dx[1]!, dy[1]!) * period) / fine;
    }
    const metres = Math.floor(length[fine]!);
    this.lengthM = length[fine]!;
    this.east = new Float64Array(metres);
    this.north = new Float64Array(metres);
    this.heading = new Float64Array(metres);
    this.curvature = new Float64Array(metres);
    for (let s = 0, i = 0; s < metres; s++) {
      const distance = (s * this.lengthM) / metres;
      while (length[i + 1]! <= distance) i++;
      const u = ((i + (distance - length[i]!) / (length[i + 1]! - length[i]!)) * period) / fine;
      x.at(u, dx);
      y.at(u, dy);
      this.east[s] = dx[0]!;
      this.north[s] = dy[0]!;
      const heading = Math.atan2(dx[1]!, dy[1]!);
      this.heading[s] = s === 0 ? heading : unwrap(this.heading[s - 1]!, heading);
      this.curvature[s] = (dy[1]! * dx[2]! - dx[1]! * dy[2]!) / Math.hypot(dx[1]!, dy[1]!) ** 3;
    }
  }

  /** Entries of the tables. */
  get steps(): number {
    return this.east.length;
  }

  /** Metres from one entry to the next, very nearly 1. */
  get stepM(): number {
    return this.lengthM / this.steps;
  }

  /** Height above the origin at a distance: hills that close after a lap. */
  altitudeM(distanceM: number): number {
    const turn = (2 * Math.PI * distanceM) / this.lengthM;
    return 14 * Math.sin(turn + 0.6) + 5 * Math.sin(3 * turn);
  }
}

function unwrap(before: number, angle: number): number {
  const turn = 2 * Math.PI;
  return angle + turn * Math.round((before - angle) / turn);
}
