//===- AttentionSvg.cpp - Pictures of attention --------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/AttentionSvg.h"

#include "runtime/text/Utf8.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

using namespace seqc::cli;
using namespace seqc::rt;

namespace {

/// Sizes in pixels.
constexpr int cell = 24, margin = 28, titleHeight = 46, mapGap = 24,
              legendWidth = 12, legendGap = 22, legendText = 40;

/// Colours from light to dark: a perceptually even blue-green ramp.
struct Colour {
  int red, green, blue;
};
constexpr Colour ramp[] = {{250, 251, 253}, {222, 235, 243}, {184, 216, 226},
                           {127, 191, 204}, {65, 160, 181},  {28, 121, 155},
                           {18, 80, 122},   {16, 42, 84}};

/// Appends formatted text.
void print(std::string &out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void print(std::string &out, const char *format, ...) {
  char buffer[512];
  va_list arguments;
  va_start(arguments, format);
  int length = std::vsnprintf(buffer, sizeof buffer, format, arguments);
  va_end(arguments);
  if (length > 0)
    out.append(buffer, std::min(size_t(length), sizeof buffer - 1));
}

/// Escapes text for XML; control characters become a visible sign.
std::string escape(const std::string &text) {
  std::string out;
  for (char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) < 0x20)
      out += "\xc2\xb7";
    else
      out += c;
  }
  return out;
}

/// A unit as a label: a space is shown as an open box.
std::string label(const std::string &unit) {
  return unit == " " ? "\xe2\x90\xa3" : escape(unit);
}

/// Width of a text in units of a narrow character; wide ones count two.
int widthOf(const std::string &text) {
  Result<std::vector<char32_t>> decoded = decodeUtf8(text);
  if (!decoded)
    return int(text.size());
  int width = 0;
  for (char32_t c : *decoded)
    width += c >= 0x1100 ? 2 : 1;
  return width;
}

int widest(const std::vector<std::string> &labels) {
  int width = 1;
  for (const std::string &text : labels)
    width = std::max(width, widthOf(text));
  return width;
}

Colour colourOf(double weight) {
  constexpr int last = int(sizeof ramp / sizeof ramp[0]) - 1;
  if (!(weight > 0))
    return ramp[0];
  double position = std::min(weight, 1.0) * last;
  int index = std::min(int(position), last - 1);
  double part = position - index;
  auto mix = [&](int a, int b) { return int(std::lround(a + (b - a) * part)); };
  const Colour &low = ramp[index], &high = ramp[index + 1];
  return {mix(low.red, high.red), mix(low.green, high.green),
          mix(low.blue, high.blue)};
}

/// Where the parts of one map lie.
struct Layout {
  int left, top, gridWidth, gridHeight, width, height;
  bool rotated;
};

Layout layOut(const AttentionMap &map) {
  Layout layout;
  int columnLabel = widest(map.columns);
  layout.rotated = columnLabel > 2;
  layout.left = margin + 12 + 9 * widest(map.rows);
  layout.top = titleHeight + (layout.rotated ? 12 + 8 * columnLabel : 24);
  layout.gridWidth = cell * int(map.columns.size());
  layout.gridHeight = cell * int(map.rows.size());
  layout.width = layout.left + layout.gridWidth + legendGap + legendWidth +
                 legendText + margin;
  layout.width = std::max(layout.width, 2 * margin + 9 * widthOf(map.title));
  layout.height = layout.top + layout.gridHeight + 12;
  return layout;
}

void drawLegend(const Layout &layout, std::string &out) {
  int x = layout.left + layout.gridWidth + legendGap;
  int height = std::max(layout.gridHeight, 3 * cell);
  print(out,
        "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\" "
        "fill=\"url(#ramp)\" stroke=\"#d5dae1\" stroke-width=\"0.5\"/>\n",
        x, layout.top, legendWidth, height);
  for (int i = 0; i <= 2; ++i)
    print(out, "<text class=\"tick\" x=\"%d\" y=\"%d\">%s</text>\n",
          x + legendWidth + 6, layout.top + height * i / 2 + 4,
          i == 0   ? "1"
          : i == 1 ? "0.5"
                   : "0");
}

void drawCells(const AttentionMap &map, const Layout &layout,
               std::string &out) {
  for (size_t row = 0; row < map.rows.size(); ++row)
    for (size_t column = 0; column < map.columns.size(); ++column) {
      double weight =
          row < map.weights.size() && column < map.weights[row].size()
              ? map.weights[row][column]
              : 0;
      Colour colour = colourOf(weight);
      print(out,
            "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\" "
            "fill=\"#%02x%02x%02x\"><title>",
            layout.left + cell * int(column) + 1,
            layout.top + cell * int(row) + 1, cell - 2, cell - 2, colour.red,
            colour.green, colour.blue);
      out +=
          label(map.rows[row]) + " \xe2\x86\x90 " + label(map.columns[column]);
      print(out, ": %.3f</title></rect>\n", weight);
    }
}

void drawLabels(const AttentionMap &map, const Layout &layout,
                std::string &out) {
  for (size_t column = 0; column < map.columns.size(); ++column) {
    int x = layout.left + cell * int(column) + cell / 2;
    int y = layout.top - 9;
    if (layout.rotated)
      print(out, "<text x=\"%d\" y=\"%d\" transform=\"rotate(-60 %d %d)\">", x,
            y, x, y);
    else
      print(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", x, y);
    out += label(map.columns[column]) + "</text>\n";
  }
  for (size_t row = 0; row < map.rows.size(); ++row) {
    print(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", layout.left - 9,
          layout.top + cell * int(row) + cell / 2 + 5);
    out += label(map.rows[row]) + "</text>\n";
  }
}

} // namespace

std::string seqc::cli::drawAttention(const std::vector<AttentionMap> &maps) {
  int width = 2 * margin, height = margin;
  for (const AttentionMap &map : maps) {
    Layout layout = layOut(map);
    width = std::max(width, layout.width);
    height += layout.height + mapGap;
  }
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  print(out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
        "viewBox=\"0 0 %d %d\">\n",
        width, height, width, height);
  out += "<style>\n"
         "text { font: 14px ui-monospace, 'DejaVu Sans Mono', Menlo, "
         "'Noto Sans Mono CJK SC', monospace; fill: #25303d; "
         "white-space: pre }\n"
         ".title { font: 600 15px system-ui, 'DejaVu Sans', 'Noto Sans CJK "
         "SC', sans-serif }\n"
         ".tick { font-size: 11px; fill: #66717f }\n"
         "</style>\n<defs><linearGradient id=\"ramp\" x1=\"0\" y1=\"1\" "
         "x2=\"0\" y2=\"0\">\n";
  constexpr int count = int(sizeof ramp / sizeof ramp[0]);
  for (int i = 0; i < count; ++i)
    print(out, "<stop offset=\"%.4f\" stop-color=\"#%02x%02x%02x\"/>\n",
          double(i) / (count - 1), ramp[i].red, ramp[i].green, ramp[i].blue);
  out += "</linearGradient></defs>\n"
         "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  int y = margin / 2;
  for (const AttentionMap &map : maps) {
    Layout layout = layOut(map);
    print(out, "<g transform=\"translate(0 %d)\">\n", y);
    print(out, "<text class=\"title\" x=\"%d\" y=\"%d\">", margin,
          titleHeight / 2 + 5);
    out += escape(map.title) + "</text>\n";
    print(out,
          "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" "
          "fill=\"#f1f4f7\"/>\n",
          layout.left - 2, layout.top - 2, layout.gridWidth + 4,
          layout.gridHeight + 4);
    drawCells(map, layout, out);
    drawLabels(map, layout, out);
    drawLegend(layout, out);
    out += "</g>\n";
    y += layout.height + mapGap;
  }
  return out + "</svg>\n";
}
