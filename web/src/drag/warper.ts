/** The warp on the GPU: `m (I o T) + (1 - m) behind`, or the picture bent along T. */
import type { Mesh } from "./mesh";

const VERTEX = `#version 300 es
in vec4 node;
uniform vec2 size;
out vec2 at;
out vec2 from;
void main() {
  at = (node.xy + 0.5) / size;
  from = (node.zw + 0.5) / size;
  gl_Position = vec4(at.x * 2.0 - 1.0, 1.0 - at.y * 2.0, 0.0, 1.0);
}`;

/** Uses constants instead of uniforms, because software rendering would sample both branches. */
const fragment = (cut: boolean, masked: boolean): string => `#version 300 es
precision highp float;
in vec2 at;
in vec2 from;
uniform sampler2D picture, area, behind, may;
uniform vec4 box;
const bool cut = ${cut}, masked = ${masked};
out vec4 colour;
vec2 inBox(vec2 p) { return (p - box.xy) / (box.zw - box.xy); }
bool inside(vec2 p) { return all(greaterThanEqual(p, vec2(0.0))) && all(lessThanEqual(p, vec2(1.0))); }
/** The picture on white, as edits see transparency; its alpha is premultiplied. */
vec4 seen(vec2 p) { vec4 c = texture(picture, p); return vec4(c.rgb + 1.0 - c.a, 1.0); }
vec4 cutOut() {
  vec2 there = clamp(from, vec2(0.0), vec2(1.0));
  vec2 source = inBox(there), here = inBox(at);
  float moved = inside(source) ? texture(area, source).r : 0.0;
  vec4 ground = inside(here) && texture(area, here).r > 0.0 ? texture(behind, here) : seen(at);
  return mix(ground, seen(there), moved);
}
void main() {
  colour = cut ? cutOut() : seen(from);
  if (masked && texture(may, at).r < 0.5) colour = seen(at);
}`;

const TEXTURES = ["picture", "area", "behind", "may"] as const;

export type Pixels = HTMLImageElement | HTMLCanvasElement | ImageBitmap;
export interface Gripped {
  box: readonly [number, number, number, number];
  area: Pixels;
  behind: Pixels;
}

export class Warper {
  private readonly gl: WebGL2RenderingContext;
  private readonly programs = new Map<string, WebGLProgram>();
  private readonly textures: Record<string, WebGLTexture> = {};
  private readonly buffers: { nodes: WebGLBuffer; order: WebGLBuffer };
  private gripped: Gripped | null = null;
  private masked = false;
  private triangles = 0;

  /** @throws Error if WebGL 2 is not available. */
  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly width: number,
    private readonly height: number,
  ) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, preserveDrawingBuffer: true });
    if (!gl) throw new Error("no WebGL 2");
    this.gl = gl;
    this.buffers = { nodes: gl.createBuffer(), order: gl.createBuffer() };
    TEXTURES.forEach((name, unit) => {
      this.textures[name] = gl.createTexture();
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, this.textures[name]);
      const one = new Uint8Array([255, 255, 255, 255]);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 1, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, one);
      for (const way of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) {
        gl.texParameteri(gl.TEXTURE_2D, way, unit ? gl.CLAMP_TO_EDGE : gl.MIRRORED_REPEAT);
      }
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    });
  }

  picture(pixels: Pixels): void {
    this.load(0, pixels);
    this.gl.generateMipmap(this.gl.TEXTURE_2D);
  }

  may(mask: Pixels | null): void {
    this.masked = mask !== null;
    if (mask) this.load(3, mask);
  }

  grip(gripped: Gripped | null): void {
    this.gripped = gripped;
    if (!gripped) return;
    this.load(1, gripped.area);
    this.load(2, gripped.behind);
  }

  /** @param share the size of the drawing as a share of the picture's size, at most 1. */
  draw(mesh: Mesh, share: number): void {
    const { gl, canvas } = this;
    const [width, height] = [this.width, this.height].map((side) => Math.max(1, Math.round(side * share)));
    // The size is set only when it changes, because setting it clears the canvas.
    if (canvas.width !== width) canvas.width = width!;
    if (canvas.height !== height) canvas.height = height!;
    gl.viewport(0, 0, width!, height!);
    gl.activeTexture(gl.TEXTURE0);
    const filter = share < 1 ? gl.LINEAR_MIPMAP_LINEAR : gl.LINEAR;
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
    const place = gl.getAttribLocation(this.use(), "node");
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.nodes);
    gl.bufferData(gl.ARRAY_BUFFER, mesh.vertices, gl.STREAM_DRAW);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, 4, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.buffers.order);
    if (this.triangles !== mesh.triangles.length) {
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, mesh.triangles, gl.STATIC_DRAW);
      this.triangles = mesh.triangles.length;
    }
    gl.drawElements(gl.TRIANGLES, mesh.triangles.length, gl.UNSIGNED_INT, 0);
  }

  free(): void {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  /** The program for the current grip and mask, with its uniforms set. */
  private use(): WebGLProgram {
    const { gl, width, height, gripped, masked } = this;
    const source = fragment(gripped !== null, masked);
    const made = this.programs.get(source) ?? program(gl, source);
    this.programs.set(source, made);
    gl.useProgram(made);
    TEXTURES.forEach((name, unit) => gl.uniform1i(gl.getUniformLocation(made, name), unit));
    gl.uniform2f(gl.getUniformLocation(made, "size"), width, height);
    const [left, top, right, bottom] = gripped?.box ?? [0, 0, width, height];
    const box = gl.getUniformLocation(made, "box");
    gl.uniform4f(box, left / width, top / height, right / width, bottom / height);
    return made;
  }

  private load(unit: number, pixels: Pixels): void {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  }
}

function program(gl: WebGL2RenderingContext, fragment: string): WebGLProgram {
  const made = gl.createProgram();
  for (const [kind, text] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, fragment],
  ] as const) {
    const shader = gl.createShader(kind);
    if (!shader) throw new Error("no shader");
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) {
    throw new Error(gl.getProgramInfoLog(made) ?? "the warp could not be compiled");
  }
  return made;
}
