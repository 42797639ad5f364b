# common.gp - what all plots share: size, font, colours, fault bands.
# Called with format = 'png' or 'svg'; `name` is set by the script before the load.
if (!exists("format")) format = 'png'
if (format eq 'svg') {
	set terminal svg size 1000,420 dynamic enhanced font 'DejaVu Sans,12' background '#ffffff'
} else {
	set terminal pngcairo size 2000,840 enhanced font 'DejaVu Sans,12' fontscale 1.9 linewidth 2 pointscale 1.6 background '#ffffff'
}
set output name . '.' . format
set encoding utf8
set border 3 linecolor '#888888'
set tics nomirror textcolor '#444444'
set grid ytics linecolor '#e4e4e4' linetype 1 linewidth 1
set xlabel 'time (' . time_unit . ')' textcolor '#444444'
set xrange [0:time_end]
set key outside right top vertical Left reverse samplen 1.5 width 1 textcolor '#333333'
set lmargin 12
set rmargin 20
# Outcomes: told apart by hue and by brightness, also in grey and by the colour-blind.
ok_colour   = '#2b6cb0'
fail_colour = '#d53f8c'
info_colour = '#dd8a0b'
load 'faults.gp'
